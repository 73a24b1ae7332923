//! Who may change something: whoever shows one of the hub's publish tokens, where it has any. Reading is open.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, RwLock},
};

use poem::{Request, RequestBody, Result, http::header::AUTHORIZATION};
use poem_openapi::{
    ApiExtractor, ApiExtractorType, ExtractParamOptions,
    registry::{MetaSecurityScheme, Registry},
};
use sha2::{Digest as _, Sha256};
use subtle::{Choice, ConstantTimeEq as _};

/// The shortest token, in characters: shorter ones can be guessed.
const MIN_TOKEN_CHARS: usize = 12;
const MAX_NAME_CHARS: usize = 64;

/// How many of what one request shows are looked at: else it could guess a thousand at a time.
const MAX_SHOWN: usize = 8;

/// `NAME:TOKEN` or `TOKEN`, as it was given. It is never printed.
#[derive(Clone)]
pub struct Secret(String);

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Secret(text.to_owned())
    }
}

impl Secret {
    /// Whether it is of use for signatures; it may be made of any characters. `place` is where it was given.
    pub fn check_for_signatures(&self, place: &str) -> Result<(), TokenError> {
        if self.0.chars().count() >= MIN_TOKEN_CHARS {
            return Ok(());
        }
        let reason = format!(
            "a secret has at least {MIN_TOKEN_CHARS} characters; make one with: openssl rand -hex 16"
        );
        Err(TokenError::Invalid { place: place.into(), reason })
    }

    /// What it is.
    pub(in crate::http) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// The tokens that were given are of no use. It does not repeat them.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// One of them.
    #[error("{place} is not usable: {reason}")]
    Invalid {
        /// Where it stands.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The file cannot be read.
    #[error("cannot read the publish tokens in {}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        error: std::io::Error,
    },
    /// The file has no token in it: then everyone could publish.
    #[error("{} holds no publish token; write one a line, as NAME:TOKEN", .0.display())]
    Empty(PathBuf),
}

/// One token. Only its digest is kept.
#[derive(Debug)]
struct Token {
    name: String,
    digest: [u8; 32],
}

impl Token {
    /// Reads `NAME:TOKEN` or `TOKEN`; `number` names one without a name.
    fn parse(text: &str, number: usize) -> Result<Self, String> {
        let (name, token) = match text.split_once(':') {
            Some((name, token)) => (name.to_owned(), token),
            None => (format!("token-{number}"), text),
        };
        let is_name_char = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(is_name_char) {
            return Err(format!("a name has 1 to {MAX_NAME_CHARS} of the characters a-z A-Z 0-9 . _ -"));
        }
        // RFC 6750, section 2.1.
        let characters = token.trim_end_matches('=');
        if !characters.chars().all(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c)) {
            return Err("a token consists of a-z A-Z 0-9 - . _ ~ + / and may end in =".into());
        }
        if token.len() < MIN_TOKEN_CHARS {
            return Err(format!(
                "a token has at least {MIN_TOKEN_CHARS} characters; make one with: openssl rand -hex 16"
            ));
        }
        Ok(Token { name, digest: Sha256::digest(token).into() })
    }
}

/// The hub's publish tokens; without any, whoever reaches it may publish.
#[derive(Debug, Default)]
pub struct Tokens {
    given: Vec<Secret>,
    file: Option<PathBuf>,
    /// Held to copy the pointer.
    current: RwLock<Arc<[Token]>>,
}

impl Tokens {
    /// Checks those that were given, and reads those of the file.
    pub fn load(given: Vec<Secret>, file: Option<PathBuf>) -> Result<Self, TokenError> {
        let tokens = Tokens { given, file, current: RwLock::new(Arc::new([])) };
        tokens.reload()?;
        Ok(tokens)
    }

    /// Reads them again; after an error those of before hold.
    pub fn reload(&self) -> Result<(), TokenError> {
        let mut tokens: Vec<Token> = Vec::new();
        let mut add = |text: &str, place: &dyn Fn() -> String| {
            let invalid = |reason| TokenError::Invalid { place: place(), reason };
            let token = Token::parse(text, tokens.len() + 1).map_err(invalid)?;
            if tokens.iter().any(|other| other.name == token.name) {
                return Err(invalid(format!("there is another one named {:?}", token.name)));
            }
            tokens.push(token);
            Ok(())
        };
        for (index, Secret(text)) in self.given.iter().enumerate() {
            add(text, &|| format!("--publish-token number {}", index + 1))?;
        }
        if let Some(path) = &self.file {
            let text = std::fs::read_to_string(path)
                .map_err(|error| TokenError::File { path: path.clone(), error })?;
            let lines = text.lines().map(str::trim).enumerate();
            let mut is_empty = true;
            for (index, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
                is_empty = false;
                add(line, &|| format!("line {} of {}", index + 1, path.display()))?;
            }
            if is_empty {
                return Err(TokenError::Empty(path.clone()));
            }
        }
        *self.current.write().expect("no code panics while it holds the tokens") = tokens.into();
        Ok(())
    }

    /// Whether one is needed.
    pub fn are_required(&self) -> bool {
        !self.current().is_empty()
    }

    fn current(&self) -> Arc<[Token]> {
        Arc::clone(&self.current.read().expect("no code panics while it holds the tokens"))
    }

    /// Whether a request may change something, and by which token.
    pub(in crate::http) fn check(&self, request: &Request) -> Result<Option<String>, Refusal> {
        self.check_any(bearer_token(request))
    }

    /// The same for what a request shows in other places: one of them has to be a token.
    pub(in crate::http) fn check_any<T: AsRef<[u8]>>(
        &self,
        shown: impl IntoIterator<Item = T>,
    ) -> Result<Option<String>, Refusal> {
        let tokens = self.current();
        if tokens.is_empty() {
            return Ok(None);
        }
        let mut refusal = Refusal::Missing;
        let mut found = None;
        for shown in shown.into_iter().take(MAX_SHOWN) {
            let digest: [u8; 32] = Sha256::digest(shown).into();
            refusal = Refusal::Unknown(digest);
            // All are compared, whichever it is: the time it takes tells nothing.
            for token in &*tokens {
                let is_it: Choice = token.digest.ct_eq(&digest);
                if is_it.into() {
                    found = Some(token.name.clone());
                }
            }
        }
        found.map(Some).ok_or(refusal)
    }
}

/// Why a request may not change something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Refusal {
    /// It shows no token.
    Missing,
    /// It shows one that is not the hub's, of this digest.
    Unknown([u8; 32]),
}

impl Refusal {
    /// What to do, for the `WWW-Authenticate` header (RFC 6750, section 3).
    pub(in crate::http) fn challenge(self) -> &'static str {
        match self {
            Refusal::Missing => "Bearer realm=\"notifyhub\"",
            Refusal::Unknown(_) => "Bearer realm=\"notifyhub\", error=\"invalid_token\"",
        }
    }

    /// What is wrong, for a program and for people.
    pub(in crate::http) fn describe(self) -> (&'static str, &'static str) {
        match self {
            Refusal::Missing => (
                "token_required",
                "publishing here takes a token: send the header `Authorization: Bearer TOKEN`; nothing was changed",
            ),
            Refusal::Unknown(_) => {
                ("token_unknown", "the token is none of this hub's (any more); nothing was changed")
            }
        }
    }
}

/// The token in the `Authorization` header, whose scheme is in any case (RFC 9110, section 11.1).
pub(in crate::http) fn bearer_token(request: &Request) -> Option<&str> {
    let (scheme, token) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("Bearer").then(|| token.trim())
}

/// Declares in the specification that an operation takes a publish token. The router checks it, for every request
/// that may change something.
pub(in crate::http) struct PublishToken;

const SCHEME: &str = "publish_token";

impl<'a> ApiExtractor<'a> for PublishToken {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        registry.create_security_scheme(
            SCHEME,
            MetaSecurityScheme {
                ty: "http",
                description: Some(
                    "One of the hub's publish tokens, where it was started with any (--publish-token).",
                ),
                name: None,
                key_in: None,
                scheme: Some("bearer"),
                bearer_format: None,
                flows: None,
                openid_connect_url: None,
            },
        );
    }

    fn security_schemes() -> Vec<&'static str> {
        vec![SCHEME]
    }

    /// A hub without tokens takes requests without one.
    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(_: &'a Request, _: &mut RequestBody, _: ExtractParamOptions<()>) -> Result<Self> {
        Ok(PublishToken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(given: &[&str]) -> Result<Tokens, TokenError> {
        Tokens::load(given.iter().map(|text| Secret::from(*text)).collect(), None)
    }

    fn check(tokens: &Tokens, authorization: &str) -> Result<Option<String>, Refusal> {
        tokens.check(&Request::builder().header("Authorization", authorization).finish())
    }

    #[test]
    fn a_token_is_known_by_its_name_and_nothing_else_passes() {
        let tokens = tokens(&["ci:0123456789abcdef", "fedcba9876543210=="]).expect("valid");
        assert_eq!(check(&tokens, "Bearer 0123456789abcdef"), Ok(Some("ci".into())));
        assert_eq!(check(&tokens, "bearer  fedcba9876543210=="), Ok(Some("token-2".into())));
        for wrong in
            ["Bearer 0123456789abcdee", "Bearer 0123456789abcde", "Bearer ci:0123456789abcdef", "Bearer x"]
        {
            assert!(matches!(check(&tokens, wrong), Err(Refusal::Unknown(_))), "{wrong}");
        }
        for none in ["Basic 0123456789abcdef", "0123456789abcdef", "Bearer"] {
            assert_eq!(check(&tokens, none), Err(Refusal::Missing), "{none}");
        }
        assert_eq!(check(&Tokens::default(), "Bearer anything"), Ok(None));
    }

    #[test]
    fn tokens_that_are_of_no_use_are_refused_without_being_repeated() {
        for wrong in [
            &["short"][..],
            &["a b:0123456789abcdef"],
            &["0123456789abcdeä"],
            &["a:0123456789abcdef", "a:fedcba9876543210"],
        ] {
            let error = tokens(wrong).expect_err("it is of no use").to_string();
            assert!(!error.contains("0123456789") && !error.contains("fedc"), "{error}");
        }
        assert_eq!(format!("{:?}", Secret::from("x:0123456789abcdef")), "Secret(…)");
    }

    #[test]
    fn a_file_is_read_again_and_a_broken_one_changes_nothing() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let write = |text: &str| std::fs::write(file.path(), text).expect("written");
        write("# who may publish\n\nci:0123456789abcdef\n");
        let tokens = Tokens::load(vec![], Some(file.path().to_owned())).expect("valid");
        assert_eq!(check(&tokens, "Bearer 0123456789abcdef"), Ok(Some("ci".into())));
        write("desk:fedcba9876543210\n");
        tokens.reload().expect("valid");
        assert!(matches!(check(&tokens, "Bearer 0123456789abcdef"), Err(Refusal::Unknown(_))));
        for broken in ["", "desk:x"] {
            write(broken);
            tokens.reload().expect_err("of no use");
            assert_eq!(check(&tokens, "Bearer fedcba9876543210"), Ok(Some("desk".into())));
        }
    }
}
