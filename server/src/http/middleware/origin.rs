//! Pages of other sites. A browser lets them send requests here, and says so: in `Sec-Fetch-Site` (W3C Fetch Metadata),
//! and where it leaves that out, over plain HTTP, in `Origin`. What changes something, and event streams, are refused to
//! them unless `--cors-origin` names them; everything else they may ask for but not read (WHATWG Fetch, CORS).

use poem::{
    Request, Response,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
};

use super::is_safe;

/// The pages that may use this hub besides its own (`--cors-origin`).
#[derive(Clone, Debug, Default)]
pub struct AllowedOrigins(Vec<Origin>);

/// An origin, as in the header: `https://desk.example.com`; or `*`, which stands for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

impl Origin {
    fn is_any(&self) -> bool {
        self.0 == "*"
    }
}

impl std::str::FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Origin(text.to_owned()));
        }
        let wrong = || {
            "must be the origin of a page, such as https://desk.example.com or http://localhost:5173, or * for all"
                .to_owned()
        };
        let url = url::Url::parse(text).map_err(|_| wrong())?;
        let origin = url.origin();
        if !matches!(url.scheme(), "http" | "https") || url.path() != "/" || url.query().is_some() {
            return Err(wrong());
        }
        Ok(Origin(origin.ascii_serialization()))
    }
}

/// What a browser may ask for across sites where it is allowed to.
const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE";
/// How long a browser may remember that, in seconds.
const PREFLIGHT_MAX_AGE: &str = "600";

impl AllowedOrigins {
    /// Exactly these.
    pub fn new(origins: &[Origin]) -> Self {
        AllowedOrigins(origins.to_vec())
    }

    /// What refuses a request that a page of another site makes; `Ok` for all others.
    pub(in crate::http) fn check(&self, request: &Request) -> Result<(), String> {
        let is_guarded = !is_safe(request.method()) || request.uri().path() == "/events";
        if is_guarded { self.check_change(request) } else { Ok(()) }
    }

    /// The same for a request that changes something whatever its method.
    pub(in crate::http) fn check_change(&self, request: &Request) -> Result<(), String> {
        if self.allowed_origin(request.headers()).is_some() {
            return Ok(());
        }
        let headers = request.headers();
        let origin = headers.get(header::ORIGIN).map(|origin| String::from_utf8_lossy(origin.as_bytes()));
        let is_foreign = match headers.get("Sec-Fetch-Site") {
            // `same-site` too is another page: a development server on another port of localhost, say.
            Some(site) => !matches!(site.as_bytes(), b"same-origin" | b"none"),
            None => origin.as_deref().is_some_and(|origin| !is_own_origin(origin, request)),
        };
        if is_foreign { Err(origin.map_or_else(|| "another site".into(), String::from)) } else { Ok(()) }
    }

    /// The origin of a page that may use the hub, if the request is one's.
    fn allowed_origin<'a>(&self, headers: &'a HeaderMap) -> Option<&'a HeaderValue> {
        let origin = headers.get(header::ORIGIN)?;
        self.0
            .iter()
            .any(|allowed| allowed.is_any() || allowed.0.as_bytes() == origin.as_bytes())
            .then_some(origin)
    }

    /// The answer to a browser that asks whether a page may send a request (CORS preflight).
    pub(in crate::http) fn preflight(&self, request: &Request) -> Option<Response> {
        let headers = request.headers();
        if request.method() != Method::OPTIONS || !headers.contains_key("Access-Control-Request-Method") {
            return None;
        }
        self.allowed_origin(headers)?;
        let mut response = Response::builder()
            .status(StatusCode::NO_CONTENT)
            .header("Access-Control-Allow-Methods", METHODS)
            .header("Access-Control-Max-Age", PREFLIGHT_MAX_AGE)
            .finish();
        if let Some(asked) = headers.get("Access-Control-Request-Headers") {
            response.headers_mut().insert("Access-Control-Allow-Headers", asked.clone());
        }
        Some(response)
    }

    /// Has browsers let an allowed page read the answer.
    pub(in crate::http) fn headers_for(&self, request: &HeaderMap) -> Option<HeaderValue> {
        if self.0.is_empty() { None } else { self.allowed_origin(request).cloned() }
    }

    /// Adds what [`AllowedOrigins::headers_for`] found.
    pub(in crate::http) fn add(&self, origin: Option<HeaderValue>, response: &mut Response) {
        if self.0.is_empty() {
            return;
        }
        let headers = response.headers_mut();
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(
                header::ACCESS_CONTROL_EXPOSE_HEADERS,
                HeaderValue::from_static("ETag, Idempotency-Replayed, Location, Retry-After, X-Request-Id"),
            );
        }
    }
}

/// Whether an origin is the hub's own, as far as the request tells: its host and port are the ones asked for.
fn is_own_origin(origin: &str, request: &Request) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    let host = match request.uri().authority() {
        Some(authority) => authority.as_str(),
        None => request.headers().get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default(),
    };
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    let plain = |host: &str| host.strip_suffix(default_port).unwrap_or(host).to_ascii_lowercase();
    plain(authority) == plain(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, path: &str, headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().method(method).uri_str(path).header("Host", "hub.example:9080");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.finish()
    }

    /// Headers, and whether a request with them passes with no origin allowed, with one, with all.
    type Case = (&'static [(&'static str, &'static str)], [bool; 3]);

    #[test]
    fn other_sites_pages_are_refused_what_changes_and_streams() {
        let none = AllowedOrigins::default();
        let some = AllowedOrigins::new(&["https://desk.example".parse().expect("valid")]);
        let any = AllowedOrigins::new(&["*".parse().expect("valid")]);
        let cases: [Case; 10] = [
            (&[], [true; 3]),
            (&[("Sec-Fetch-Site", "same-origin"), ("Origin", "http://hub.example:9080")], [true; 3]),
            (&[("Sec-Fetch-Site", "none")], [true; 3]),
            (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://evil.example")], [false, false, true]),
            (&[("Sec-Fetch-Site", "same-site"), ("Origin", "http://hub.example:3000")], [false, false, true]),
            (&[("Sec-Fetch-Site", "cross-site"), ("Origin", "https://desk.example")], [false, true, true]),
            (&[("Sec-Fetch-Site", "cross-site")], [false; 3]),
            (&[("Origin", "http://hub.example:9080")], [true; 3]),
            (&[("Origin", "http://hub.example")], [false, false, true]),
            (&[("Origin", "null")], [false, false, true]),
        ];
        for (headers, expected) in cases {
            for (origins, expected) in [&none, &some, &any].into_iter().zip(expected) {
                for (method, path) in [(Method::POST, "/api/notifications"), (Method::GET, "/events")] {
                    let passes = origins.check(&request(method, path, headers)).is_ok();
                    assert_eq!(passes, expected, "{headers:?} {path} {origins:?}");
                }
                assert!(origins.check(&request(Method::GET, "/api/notifications", headers)).is_ok());
            }
        }
    }

    #[test]
    fn an_origin_is_written_as_in_the_header() {
        for (text, origin) in [
            ("https://Desk.example", "https://desk.example"),
            ("https://desk.example:443/", "https://desk.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("*", "*"),
        ] {
            assert_eq!(text.parse(), Ok(Origin(origin.into())));
        }
        for wrong in ["desk.example", "https://desk.example/page", "file:///tmp", "null", ""] {
            assert!(wrong.parse::<Origin>().is_err(), "{wrong}");
        }
    }
}
