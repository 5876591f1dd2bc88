//! A bearer or refresh token, and when it ends.

use base64ct::{Base64UrlUnpadded, Encoding};
use serde::Deserialize;

use crate::secret::SecretText;

/// How long before its end a token is not used any more, in milliseconds: it has to arrive.
const MARGIN: i64 = 30_000;

/// The claims that a client reads (wire 3.3). The signature is the server's own business.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Claims {
    /// End, in seconds since 1970 by the server's clock.
    exp: Option<i64>,
    /// Life time in seconds.
    #[serde(rename = "jwtD")]
    lifetime: Option<i64>,
    /// Level of the login.
    #[serde(rename = "tac")]
    level: Option<u8>,
}

/// A token with its end by *our* clock.
pub(super) struct Token {
    pub(super) text: SecretText,
    expires: Option<i64>,
    pub(super) level: Option<u8>,
}

impl Token {
    /// A token that was just received. A token that says nothing readable about its end is used until
    /// the server refuses it.
    pub(super) fn received(text: String, now: i64) -> Self {
        let claims = claims(&text).unwrap_or_default();
        // the life time counts from now by our clock, so that a clock that is wrong does no harm
        let by_lifetime = claims.lifetime.filter(|lifetime| *lifetime > 0);
        let by_lifetime = by_lifetime.map(|lifetime| now.saturating_add(lifetime.saturating_mul(1000)));
        let expires = by_lifetime.or(claims.exp.map(|end| end.saturating_mul(1000)));
        Self { text: text.into(), expires, level: claims.level }
    }

    /// No token: it is over at any time.
    #[cfg(not(target_family = "wasm"))]
    pub(super) fn none() -> Self {
        Self { text: String::new().into(), expires: Some(i64::MIN), level: None }
    }

    /// Whether the token should not be sent any more.
    pub(super) fn is_over(&self, now: i64) -> bool {
        self.expires.is_some_and(|end| now.saturating_add(MARGIN) >= end)
    }
}

fn claims(token: &str) -> Option<Claims> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let payload: String = payload
        .chars()
        .map(|letter| match letter {
            '+' => '-',
            '/' => '_',
            letter => letter,
        })
        .collect();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(&payload).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &str) -> String {
        format!("h.{}.s", Base64UrlUnpadded::encode_string(claims.as_bytes()))
    }

    #[test]
    fn the_life_time_counts_by_our_own_clock() {
        let received = Token::received(token(r#"{"exp":5,"jwtD":900,"tac":40}"#), 1_000_000);
        assert_eq!((received.expires, received.level), (Some(1_900_000), Some(40)));
        assert!(!received.is_over(1_869_999));
        assert!(received.is_over(1_870_000));
    }

    #[test]
    fn the_end_counts_where_there_is_no_life_time() {
        assert_eq!(Token::received(token(r#"{"exp":5}"#), 1).expires, Some(5_000));
        for text in ["", "a.b.c", "a..c", &token("[]"), &token(r#"{"exp":"x"}"#)] {
            let opaque = Token::received(text.to_owned(), 1);
            assert!(opaque.expires.is_none() && !opaque.is_over(i64::MAX), "{text}");
        }
        assert!(
            Token::received(token(r#"{"exp":9223372036854775807,"jwtD":9223372036854775807}"#), 1).is_over(i64::MAX)
        );
    }
}
