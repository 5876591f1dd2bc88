//! Makes the texts that people type comparable: names without accents, phone numbers without
//! punctuation.
//!
//! What is indexed and what is searched go through the same functions, so a search for
//! `mueller-o'brien` finds who was written down as `Mueller O Brien`.

/// Words of one text that are entry points of a search; the rest is not searchable.
const MAX_WORDS: usize = 16;

/// Characters of an entry point that count.
pub(crate) const MAX_ENTRY: usize = 64;

/// The words of a text: lower case, without diacritics and punctuation.
pub(crate) fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    for character in text.chars().flat_map(char::to_lowercase) {
        match fold(character) {
            Folded::Letters(letters) => push(&mut words, letters),
            Folded::Same => push(&mut words, character.encode_utf8(&mut [0; 4])),
            Folded::Mark => {}
            Folded::Gap => words.push(String::new()),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The words of a text in one.
pub(crate) fn compact(text: &str) -> String {
    words(text).concat()
}

/// Where a search may enter a name of which two parts are known, whichever is said first.
///
/// Every word of either part starts an entry that goes on to the end of the name:
/// `van Dyck` and `Max` give `vandyckmax`, `dyckmax` and `maxvandyck`.
pub(crate) fn entries(last: &str, first: &str) -> Vec<String> {
    let (last, first) = (words(last), words(first));
    let from_each_word = |part: &[String], other: &[String]| -> Vec<String> {
        (0..part.len().min(MAX_WORDS))
            .map(|start| part.iter().skip(start).chain(other).flat_map(|word| word.chars()).take(MAX_ENTRY).collect())
            .collect()
    };
    let mut entries = from_each_word(&last, &first);
    entries.extend(from_each_word(&first, &last));
    entries
}

/// Where a search may enter a text that is found by any piece of it: at each of its characters.
pub(crate) fn suffixes(text: &str) -> Vec<String> {
    let characters: Vec<char> = compact(text).chars().take(MAX_ENTRY).collect();
    (0..characters.len()).map(|start| characters.iter().skip(start).collect()).collect()
}

/// The starts that a search looks for among entries: the search in one, and each of its words if
/// there are several. The words all have to be found, or the whole.
pub(crate) fn search(text: &str) -> (String, Vec<String>) {
    let mut words = words(text);
    words.truncate(MAX_WORDS);
    let clip = |word: &str| word.chars().take(MAX_ENTRY).collect::<String>();
    let whole = clip(&words.concat());
    match words.len() {
        0 | 1 => (whole, Vec::new()),
        _ => (whole, words.iter().map(|word| clip(word)).collect()),
    }
}

/// A phone number or another address of telecommunication, for searching: letters and digits only,
/// without the `00` of an international number.
pub(crate) fn telecom(text: &str) -> String {
    let text = compact(text);
    match text.strip_prefix("00") {
        Some(number) if number.bytes().all(|byte| byte.is_ascii_digit()) => number.to_owned(),
        _ => text,
    }
}

/// An identity number, for looking up: letters and digits only.
pub(crate) fn number(text: &str) -> String {
    compact(text)
}

/// An e-mail address or a login as it is compared: without surrounding space, in lower case.
pub fn address(text: &str) -> String {
    text.trim().to_lowercase()
}

/// A phone number as it is compared: `+` and its digits, without the `00` of an international number.
pub fn phone(text: &str) -> String {
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    format!("+{}", digits.strip_prefix("00").unwrap_or(&digits))
}

/// A number that orders texts as a telephone book does, by their first twelve letters and digits.
pub(crate) fn rank(text: &str) -> i64 {
    const LETTERS: usize = 12;
    let mut place = compact(text).into_bytes().into_iter().map(|byte| match byte {
        b'0'..=b'9' => i64::from(byte - b'0') + 1,
        b'a'..=b'z' => i64::from(byte - b'a') + 11,
        _ => 37,
    });
    (0..LETTERS).fold(0, |rank, _| rank * 38 + place.next().unwrap_or(0))
}

/// What becomes of a lower-case character.
enum Folded {
    /// It is part of the word as it is.
    Same,
    /// It stands for these letters.
    Letters(&'static str),
    /// It is dropped: an accent of its own.
    Mark,
    /// It separates words.
    Gap,
}

fn fold(character: char) -> Folded {
    let letters = match character {
        '\u{300}'..='\u{36f}' => return Folded::Mark,
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ǟ' | 'ǡ' | 'ǻ' | 'ȁ' | 'ȃ' | 'ȧ' | 'ạ'..='ặ' => "a",
        'æ' | 'ǣ' | 'ǽ' => "ae",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è'..='ë' | 'ē' | 'ĕ' | 'ė' | 'ę' | 'ě' | 'ȅ' | 'ȇ' | 'ȩ' | 'ẹ'..='ệ' => "e",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' | 'ǵ' => "g",
        'ĥ' | 'ħ' | 'ȟ' => "h",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ȉ' | 'ȋ' | 'ỉ'..='ị' => "i",
        'ĳ' => "ij",
        'ĵ' | 'ǰ' => "j",
        'ķ' | 'ĸ' | 'ǩ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' => "l",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' | 'ǹ' => "n",
        'ò'..='ö' | 'ø' | 'ō' | 'ŏ' | 'ő' | 'ơ' | 'ǒ' | 'ǫ' | 'ǭ' | 'ǿ' | 'ȍ' | 'ȏ' | 'ȫ'..='ȱ' | 'ọ'..='ợ' => {
            "o"
        }
        'œ' => "oe",
        'ŕ' | 'ŗ' | 'ř' | 'ȑ' | 'ȓ' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ſ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' => "t",
        'þ' => "th",
        'ù'..='ü' | 'ũ' | 'ū' | 'ŭ' | 'ů' | 'ű' | 'ų' | 'ư' | 'ǔ' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' | 'ȕ' | 'ȗ' | 'ụ'..='ự' => {
            "u"
        }
        'ŵ' => "w",
        'ý' | 'ÿ' | 'ŷ' | 'ȳ' | 'ỳ'..='ỹ' => "y",
        'ź' | 'ż' | 'ž' => "z",
        _ if character.is_alphanumeric() => return Folded::Same,
        _ => return Folded::Gap,
    };
    Folded::Letters(letters)
}

fn push(words: &mut [String], letters: &str) {
    if let Some(word) = words.last_mut() {
        word.push_str(letters);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lose_case_accents_and_punctuation() {
        assert_eq!(words("Jean-François d'ŒUVRE"), ["jean", "francois", "d", "oeuvre"]);
        assert_eq!(words("MÜLLER, Ångström & Nguyễn"), ["muller", "angstrom", "nguyen"]);
        assert_eq!(words("İstanbul"), ["istanbul"]);
        assert_eq!(words("Zoe\u{308}"), ["zoe"]);
        assert_eq!(words("Ольга 北京 7"), ["ольга", "北京", "7"]);
        assert!(words(" -- ").is_empty());
    }

    #[test]
    fn a_name_is_entered_at_any_of_its_words() {
        assert_eq!(entries("van Dyck", "Max"), ["vandyckmax", "dyckmax", "maxvandyck"]);
        assert_eq!(entries("Stark", ""), ["stark"]);
        assert!(entries("", "").is_empty());
        assert_eq!(entries(&"a ".repeat(99), "").len(), MAX_WORDS);
        assert!(entries(&"ä".repeat(999), "b").iter().all(|entry| entry.len() <= MAX_ENTRY));
    }

    #[test]
    fn a_search_is_one_start_or_one_for_each_word() {
        assert_eq!(search("Stark"), ("stark".into(), vec![]));
        assert_eq!(search(" max  Berg"), ("maxberg".into(), vec!["max".into(), "berg".into()]));
        assert_eq!(search("?"), (String::new(), vec![]));
    }

    #[test]
    fn numbers_lose_what_only_separates() {
        assert_eq!(telecom("+32 (0)475/12.34"), "3204751234");
        assert_eq!(telecom("0032 475"), "32475");
        assert_eq!(telecom("00abc@x.org"), "00abcxorg");
        assert_eq!(phone("0032 475-12"), "+3247512");
        assert_eq!(phone("+32 475"), "+32475");
        assert_eq!(number("03.04.11-000.01"), "03041100001");
        assert_eq!(address("  Ann@X.ORG "), "ann@x.org");
    }

    #[test]
    fn ranks_order_like_names() {
        let names = ["", "0", "9", "a", "Aa", "ab", "Azz", "b", "Étienne", "zz", "Ωmega"];
        let ranks: Vec<i64> = names.iter().map(|name| rank(name)).collect();
        assert!(ranks.is_sorted(), "{ranks:?}");
        assert!(rank("zzzzzzzzzzzz") < rank(&"Ω".repeat(12)) && rank(&"Ω".repeat(99)) > 0);
        assert_eq!(rank("jean-pierre the first"), rank("Jean Pierre, the second"));
    }

    #[test]
    fn any_piece_is_a_suffix_start() {
        assert_eq!(suffixes("O-K!"), ["ok", "k"]);
    }
}
