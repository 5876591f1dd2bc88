//! What must not be repeated.

use serde_json::Value;

/// Texts that must not be in the log, with what they are.
#[derive(Default)]
pub(crate) struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    /// Notes texts. Short ones would be found by accident.
    pub(crate) fn add<T: Into<String>>(&mut self, what: &'static str, texts: impl IntoIterator<Item = T>) {
        for text in texts {
            let text = text.into();
            assert!(text.len() >= 10, "too short to search for: {text}");
            self.0.push((what, text));
        }
    }

    /// Notes a token, as a whole and by its signature.
    pub(crate) fn token(&mut self, token: &str) {
        let signature = token.rsplit('.').next().unwrap();
        self.add("a token", [token, signature]);
    }

    /// Notes the tokens of a login, and gives the bearer and the refresh token.
    pub(crate) fn tokens(&mut self, login: &Value) -> (String, String) {
        let (bearer, refresh) = (super::text(login, "token"), super::text(login, "refreshToken"));
        self.token(&bearer);
        self.token(&refresh);
        (bearer, refresh)
    }

    /// Searches the output of a server for all of them, in any case.
    pub(crate) fn assert_absent(&self, output: &str) {
        assert!(self.0.len() > 5);
        let lines: Vec<(&str, String)> = output.lines().map(|line| (line, line.to_lowercase())).collect();
        for (what, secret) in &self.0 {
            let secret = secret.to_lowercase();
            let found = lines.iter().find(|(_, lower)| lower.contains(&secret));
            assert!(found.is_none(), "{what} is in the log: {found:?}");
        }
    }
}
