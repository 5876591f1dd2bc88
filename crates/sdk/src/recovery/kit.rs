//! A recovery key in the forms that a person keeps: letters for paper, and a QR code (crypto 4.5).

use std::fmt;

use keystead_crypto::recovery::RecoveryKey;
use qrcode::QrCode;
use qrcode::render::{svg, unicode};
use zeroize::Zeroizing;

use super::{RecoveryError, RecoveryKeyError};
use crate::secret::SecretText;

/// A recovery key that was made, to be shown once and kept on paper.
///
/// Nobody else has it: the server keeps what it opens under a hash of it.
pub struct RecoveryKit {
    id: String,
    text: SecretText,
    expires: Option<i64>,
}

impl RecoveryKit {
    pub(super) fn new(key: &RecoveryKey, expires: Option<i64>) -> Self {
        Self { id: key.id(), text: SecretText::from(key.expose_text().as_str()), expires }
    }

    /// What [`super::Recovery::delete`] takes. Says nothing about the key.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The letters for paper, in groups of four with hyphens. Also what a QR code of an application should
    /// hold. Official clients read it without the hyphens.
    pub fn text(&self) -> &SecretText {
        &self.text
    }

    /// When the server forgets it, in milliseconds since 1970.
    pub fn expires(&self) -> Option<i64> {
        self.expires
    }

    /// The QR code as an SVG image, of 240 by 240 pixels at least.
    ///
    /// # Errors
    /// [`RecoveryError::QrCode`].
    pub fn qr_svg(&self) -> Result<SecretText, RecoveryError> {
        Ok(self.code()?.render::<svg::Color<'_>>().min_dimensions(240, 240).build().into())
    }

    /// The QR code in characters, for a terminal: light on dark as terminals are.
    ///
    /// # Errors
    /// [`RecoveryError::QrCode`].
    pub fn qr_terminal(&self) -> Result<SecretText, RecoveryError> {
        let code = self.code()?;
        let mut render = code.render::<unicode::Dense1x2>();
        render.dark_color(unicode::Dense1x2::Light).light_color(unicode::Dense1x2::Dark);
        Ok(render.build().into())
    }

    fn code(&self) -> Result<QrCode, RecoveryError> {
        QrCode::new(self.text.expose()).map_err(|_| RecoveryError::QrCode)
    }
}

impl fmt::Debug for RecoveryKit {
    /// Without the key and its id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecoveryKit").field("expires", &self.expires).finish_non_exhaustive()
    }
}

/// Reads what a person typed or scanned: in any case, with spaces and hyphens anywhere, and with the digits
/// that look like letters which the format has.
pub(super) fn read(text: &SecretText) -> Result<RecoveryKey, RecoveryKeyError> {
    let mut letters = Zeroizing::new(String::with_capacity(text.expose().len()));
    let separates = |letter: &char| letter.is_whitespace() || matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '.');
    letters.extend(text.expose().chars().filter(|letter| !separates(letter)));
    // base32 has no 0, 1 and 8; the hex form, which has them, has other lengths
    if matches!(letters.len(), 26 | 52) {
        let mut mended = Zeroizing::new(String::with_capacity(letters.len()));
        mended.extend(letters.chars().map(|letter| match letter {
            '0' => 'O',
            '1' => 'I',
            '8' => 'B',
            other => other,
        }));
        letters = mended;
    }
    RecoveryKey::parse(&letters).map_err(|_| RecoveryKeyError::NotARecoveryKey)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> RecoveryKey {
        RecoveryKey::from_bytes(&[0x75; 32]).unwrap()
    }

    #[test]
    fn what_people_type() {
        let kit = RecoveryKit::new(&key(), None);
        let text = kit.text().expose();
        let letters = text.replace('-', "");
        let forms = [
            text.to_owned(),
            text.to_lowercase(),
            letters.clone(),
            text.replace('-', " "),
            format!("  {}\n", text.replace('-', "\u{2013}")),
            letters.replace('O', "0").replace('B', "8"),
            hex::encode(key().expose()),
        ];
        for form in forms {
            assert!(read(&form.as_str().into()).is_ok_and(|read| read == key()), "{form}");
        }
        for form in ["", "AAAA", &text[1..], &format!("{text}A"), &letters.replace('O', "9")] {
            let read = read(&SecretText::from(form));
            assert!(form == letters || matches!(read, Err(RecoveryKeyError::NotARecoveryKey)), "{form}");
        }
    }

    #[test]
    fn codes_are_drawn_and_nothing_is_printed() {
        let kit = RecoveryKit::new(&key(), Some(7));
        assert!(kit.qr_svg().unwrap().expose().contains("<svg"));
        assert!(kit.qr_terminal().unwrap().expose().lines().count() > 10);
        assert_eq!(format!("{kit:?}"), "RecoveryKit { expires: Some(7), .. }");
    }
}
