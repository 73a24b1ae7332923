//! The page: the built frontend, embedded in release builds and read from disk in debug builds. A clone
//! without Node still builds the hub, which then says how to build the page.

use bytes::Bytes;
use poem::{
    Response,
    http::{HeaderMap, StatusCode, header},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::conditional::names_etag;

#[derive(RustEmbed)]
#[folder = "../frontend/dist"]
struct Dist;

/// What the page may do: load and talk to its own origin, nothing else, and no inline script or style.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
     connect-src 'self'; media-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; \
     form-action 'self'; frame-ancestors 'none'";

/// The script that stays behind when the page is closed. Its place is what it may serve: everything below the page.
pub(super) const SERVICE_WORKER: &str = "/service-worker.js";

/// Shown where the frontend was not built.
const NOT_BUILT: &str = "<!doctype html><meta charset=\"utf-8\"><title>NotifyHub</title>\
    <h1>NotifyHub is running, its page is not built</h1>\
    <p>This server was built without Node.js. To get the page, install Node.js 20.19 or newer, run <code>make page</code> \
    in the source folder, and build the server again.</p>\
    <p>Everything else works: <a href=\"docs\">try the API</a>, or watch <a href=\"events\">the stream</a> with \
    <code>curl -N</code>.</p>";

/// Whether there is a page to show.
pub fn is_built() -> bool {
    Dist::get("index.html").is_some()
}

/// The answer for a path, if it is one of the page's. `headers` are the request's: they tell which encodings
/// and which version the browser has.
pub(super) fn find(path: &str, headers: &HeaderMap) -> Option<Response> {
    let name = match path.strip_prefix('/').unwrap_or(path) {
        "" => "index.html",
        // The precompressed forms are chosen by Accept-Encoding, never by name.
        name if has_extension(name, "br") || has_extension(name, "gz") => return None,
        name => name,
    };
    match Dist::get(name) {
        Some(file) => Some(serve(name, file, headers)),
        None if name == "index.html" => {
            Some(Response::builder().content_type("text/html; charset=utf-8").body(NOT_BUILT))
        }
        None => None,
    }
}

fn serve(name: &str, plain: EmbeddedFile, headers: &HeaderMap) -> Response {
    let hash = plain.metadata.sha256_hash();
    let etag = format!("\"{:016x}\"", u64::from_be_bytes(std::array::from_fn(|index| hash[index])));
    // A worker is held to what its own script was sent with (WHATWG HTML, section 10.2.4).
    let runs = has_extension(name, "html") || has_extension(name, "js");
    let mut response = Response::builder()
        .header(header::ETAG, &etag)
        .header(header::VARY, "Accept-Encoding")
        // Built assets carry a hash of their content in their name; everything else is asked about each time.
        .header(
            header::CACHE_CONTROL,
            if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" },
        );
    if runs {
        response = response.header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    }
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| names_etag(known.as_bytes(), &etag)) {
        return response.status(StatusCode::NOT_MODIFIED).finish();
    }
    let mime = match plain.metadata.mimetype() {
        text if text.starts_with("text/") => format!("{text}; charset=utf-8"),
        other => other.to_owned(),
    };
    let accepted =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let compressed = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(coding, _)| accepts(accepted, coding))
        .find_map(|(coding, extension)| Some((coding, Dist::get(&format!("{name}.{extension}"))?)));
    let (response, file) = match compressed {
        Some((coding, file)) => (response.header(header::CONTENT_ENCODING, coding), file),
        None => (response, plain),
    };
    let body = match file.data {
        std::borrow::Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        std::borrow::Cow::Owned(bytes) => bytes.into(),
    };
    response.content_type(mime).body(body)
}

fn has_extension(name: &str, extension: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|found| found == extension)
}

/// Whether an `Accept-Encoding` value allows a coding (RFC 9110, section 12.5.3).
fn accepts(accepted: &str, coding: &str) -> bool {
    accepted.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|weight| matches!(weight, "q=0" | "q=0.0" | "q=0.00" | "q=0.000"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_encoding_is_not_used() {
        assert!(accepts("gzip, deflate, br", "br"));
        assert!(accepts("BR;q=0.5", "br"));
        assert!(!accepts("gzip, br;q=0", "br"));
        assert!(!accepts("brotli", "br"));
    }
}
