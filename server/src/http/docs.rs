//! Swagger UI at /docs: poem-openapi's, taken apart into files that a browser keeps, with a page of our own around them
//! that needs no inline script.

use std::sync::Arc;

use bytes::Bytes;
use flate2::{Compression, write::GzEncoder};
use poem::{
    Response,
    http::{HeaderMap, StatusCode, header},
};
use sha2::{Digest as _, Sha256};
use tokio::sync::OnceCell;

use super::{
    conditional::{etag_of, names_etag},
    encodings::accepts,
};

/// Swagger UI writes styles into its elements; its scripts are files, and evaluate nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const PAGE: &str = include_str!("docs/page.html");
const START: &str = include_str!("docs/start.js");
const THEME: &str = include_str!("docs/theme.css");

/// Where the files lie, seen from the root.
const FOLDER: &str = "/docs/";

/// Everything under /docs.
pub(super) struct Docs {
    page: File,
    /// By path.
    files: Vec<(String, File)>,
}

impl Docs {
    /// `html`: poem-openapi's own page, which has Swagger UI in it.
    pub(super) fn of(html: &str) -> Self {
        let style = between(html, "<style charset=\"UTF-8\">", "</style>");
        let bundle = between(html, "<script charset=\"UTF-8\">", "</script>\n</head>");
        let mut page = PAGE.to_owned();
        let mut files = Vec::new();
        for (stem, extension, mime, content) in [
            ("swagger-ui", "css", "text/css; charset=utf-8", style),
            ("theme", "css", "text/css; charset=utf-8", THEME),
            ("swagger-ui", "js", "text/javascript; charset=utf-8", bundle),
            ("start", "js", "text/javascript; charset=utf-8", START),
        ] {
            let file = File::new(mime, content.to_owned().into());
            let name = format!("{stem}-{}.{extension}", file.etag.trim_matches('"'));
            page = page.replace(&format!("{stem}.{extension}"), &name);
            files.push((format!("{FOLDER}{name}"), file));
        }
        Self { page: File::new("text/html; charset=utf-8", page.into()), files }
    }

    /// The answer for a path, if it is one of these. `headers` are the request's.
    pub(super) async fn find(&self, path: &str, headers: &HeaderMap) -> Option<Response> {
        if path == "/docs" {
            return Some(self.page.serve("no-cache", headers).await);
        }
        let (_, file) = self.files.iter().find(|(known, _)| known == path)?;
        // What it contains is in its name.
        Some(file.serve("public, max-age=31536000, immutable", headers).await)
    }
}

struct File {
    mime: &'static str,
    plain: Bytes,
    etag: String,
    /// Compressed when it is first asked for.
    gzip: Arc<OnceCell<Bytes>>,
}

impl File {
    fn new(mime: &'static str, plain: Bytes) -> Self {
        let etag = etag_of(&Sha256::digest(&plain).into());
        Self { mime, plain, etag, gzip: Arc::default() }
    }

    async fn serve(&self, cache_control: &str, headers: &HeaderMap) -> Response {
        let response = Response::builder()
            .header(header::ETAG, &self.etag)
            .header(header::VARY, "Accept-Encoding")
            .header(header::CACHE_CONTROL, cache_control)
            .header(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
        if headers.get(header::IF_NONE_MATCH).is_some_and(|known| names_etag(known.as_bytes(), &self.etag)) {
            return response.status(StatusCode::NOT_MODIFIED).finish();
        }
        let response = response.content_type(self.mime);
        if accepts(headers, "gzip")
            && let Some(packed) = self.packed().await
        {
            return response.header(header::CONTENT_ENCODING, "gzip").body(packed);
        }
        response.body(self.plain.clone())
    }

    /// `None` when the hub is stopping.
    async fn packed(&self) -> Option<Bytes> {
        let plain = self.plain.clone();
        // Some tens of milliseconds: not on a thread that answers others.
        let pack = || async { tokio::task::spawn_blocking(move || gzip(&plain)).await };
        self.gzip.get_or_try_init(pack).await.ok().cloned()
    }
}

fn gzip(plain: &[u8]) -> Bytes {
    use std::io::Write as _;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(plain).and_then(|()| encoder.finish());
    packed.expect("writing to memory does not fail").into()
}

/// What stands between the first `from` and the next `to`.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let rest = text.split_once(from).expect("poem-openapi's template has its parts").1;
    rest.split_once(to).expect("poem-openapi's template ends its parts").0
}
