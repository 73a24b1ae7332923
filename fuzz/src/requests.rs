//! What clients send: bodies, event ids, queries, headers, other programs' requests.

use std::{cell::RefCell, net::IpAddr};

use notifyhub_server::{
    event_id::EventId,
    http::middleware::client_address::{TrustedProxies, network},
};
use poem::{
    Request,
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri},
};

use crate::{
    foreign,
    hub::{Hub, TOKEN},
};

thread_local! {
    static OPEN: RefCell<Hub> = RefCell::new(Hub::start(false));
    static GUARDED: RefCell<Hub> = RefCell::new(Hub::start(true));
}

/// A hub that has not been asked too much yet: it keeps a thousand notifications, and a key for each post.
fn with_hub(hub: &'static std::thread::LocalKey<RefCell<Hub>>, takes_token: bool, test: impl FnOnce(&Hub)) {
    hub.with_borrow_mut(|hub| {
        test(hub);
        let status = hub.ask(Request::builder().uri_str("/api/status").finish()).json();
        if status["stored"].as_u64().unwrap() > 500 {
            *hub = Hub::start(takes_token);
        }
    });
}

/// A body is refused, or what it says is stored as it says it.
pub fn request_body(body: &[u8]) {
    with_hub(&OPEN, false, |hub| {
        let posted = hub.post("/api/notifications", body);
        posted.assert_sound();
        if posted.status == StatusCode::CREATED {
            let asked: serde_json::Value = serde_json::from_slice(body).unwrap();
            let stored = posted.json();
            for field in
                ["message", "title", "tags", "link", "source", "actor", "key", "state", "actions", "format"]
            {
                let is_empty = |value: &serde_json::Value| value.is_null() || *value == serde_json::json!([]);
                assert!(
                    asked[field] == stored[field] || is_empty(&asked[field]) && is_empty(&stored[field]),
                    "{field}"
                );
            }
            let path = format!("/api/notifications/{}", stored["id"].as_str().unwrap());
            let again = hub.ask(Request::builder().uri_str(&path).finish());
            assert_eq!(again.json(), stored);
            assert_eq!(
                hub.ask(Request::builder().method(Method::DELETE).uri_str(&path).finish()).status,
                204
            );
        }
        hub.post("/api/notify", body).assert_sound();
        for (method, path) in [
            (Method::PUT, "/api/read"),
            (Method::PATCH, "/api/notifications/0198c5a5-4c00-7c3d-9a61-0f2e7a4b5c6d"),
        ] {
            let request = Request::builder().method(method).uri_str(path).content_type("application/json");
            hub.ask(request.body(body.to_vec())).assert_sound();
        }
    });
}

/// Whatever is given as the last event id, the stream begins, and says how. `EPOCH` stands for the hub's own.
pub fn event_id(text: &[u8]) {
    with_hub(&OPEN, false, |hub| {
        let text = String::from_utf8_lossy(text).replace("EPOCH", &hub.epoch());
        if let Ok(id) = text.parse::<EventId>() {
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        let escaped = text.bytes().map(|byte| format!("%{byte:02x}")).collect::<Vec<_>>().concat();
        let uri = format!("/events?limit=3&last_event_id={escaped}");
        let mut beginnings = Vec::new();
        if let Ok(uri) = uri.parse::<Uri>() {
            beginnings.push(hub.ask(Request::builder().uri(uri).finish()));
        }
        if let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) {
            beginnings.push(
                hub.ask(
                    Request::builder().uri_str("/events?limit=3").header("Last-Event-ID", value).finish(),
                ),
            );
        }
        let reasons = beginnings.iter().map(|answer| {
            assert_eq!(answer.status, StatusCode::OK);
            let beginning = std::str::from_utf8(&answer.body).unwrap();
            let hello = beginning.split_once("event: hello\ndata: ").unwrap().1.lines().next().unwrap();
            let hello: serde_json::Value = serde_json::from_str(hello).unwrap();
            let is_resumed = hello["resumed"].as_bool().unwrap();
            assert_eq!(beginning.contains("event: init\n"), !is_resumed, "{beginning}");
            hello["reason"].clone()
        });
        let reasons: Vec<_> = reasons.collect();
        assert!(reasons.windows(2).all(|pair| pair[0] == pair[1]), "{text:?}: {reasons:?}");
    });
}

/// A query is refused, or what it lists is at most as much as without it.
pub fn list_query(query: &[u8]) {
    let Ok(uri) = Uri::try_from([b"/api/notifications?", query].concat()) else { return };
    with_hub(&OPEN, false, |hub| {
        let listed = hub.ask(Request::builder().uri(uri).finish());
        listed.assert_sound();
        if listed.status == StatusCode::OK {
            let all = hub.ask(Request::builder().uri_str("/api/notifications").finish()).json();
            let all = all.as_array().unwrap();
            assert!(listed.json().as_array().unwrap().iter().all(|one| all.contains(one)));
        }
    });
}

/// Headers, a line each: without the token nothing is stored, nor for a host or an origin that is not the hub's.
pub fn request_headers(lines: &[u8]) {
    let mut headers = HeaderMap::new();
    for line in lines.split(|byte| *byte == b'\n') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (Some(name), Some(value)) = (parts.next(), parts.next()) else { continue };
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name), HeaderValue::from_bytes(value.trim_ascii()))
        {
            headers.append(name, value);
        }
    }
    with_hub(&GUARDED, true, |hub| {
        for (method, path) in
            [(Method::POST, "/api/notifications"), (Method::GET, "/events"), (Method::OPTIONS, "/api/read")]
        {
            let mut request =
                Request::builder().method(method.clone()).uri_str(path).body(r#"{"message":"x"}"#);
            *request.headers_mut() = headers.clone();
            let answer = hub.ask(request);
            answer.assert_sound();
            let is_done = answer.status.is_success();
            let says = |name: &str, text: &str| {
                headers.get(name).is_some_and(|value| {
                    value.as_bytes().windows(text.len()).any(|window| window == text.as_bytes())
                })
            };
            assert!(!is_done || method == Method::GET || says("authorization", TOKEN), "{headers:?}");
            assert!(!is_done || !says("host", "evil"), "{headers:?}");
            assert!(!is_done || !says("sec-fetch-site", "cross-site"), "{headers:?}");
            assert!(answer.headers.get("access-control-allow-origin").is_none());
        }
    });
    // A proxy's word counts where it is trusted, and nobody else's does.
    let peer: IpAddr = "192.0.2.1".parse().unwrap();
    assert_eq!(TrustedProxies::default().client(peer, &headers), peer);
    let client = TrustedProxies::new(&[network("192.0.2.1").unwrap()]).client(peer, &headers);
    assert!(client == peer || headers.contains_key("x-forwarded-for"));
}

/// A key is refused, or names one post: with the same content it gives the same answer, with another none.
pub fn idempotency_key(key: &[u8]) {
    let Ok(key) = HeaderValue::from_bytes(key) else { return };
    with_hub(&OPEN, false, |hub| {
        let post = |message: &str| {
            let request = Request::builder().method(Method::POST).uri_str("/api/notifications");
            let request = request.header("Idempotency-Key", &key).content_type("application/json");
            hub.ask(request.body(format!("{{\"message\":\"{message}\"}}")))
        };
        let (first, again, other) = (post("one"), post("one"), post("another"));
        for answer in [&first, &again, &other] {
            answer.assert_sound();
        }
        if first.status == StatusCode::CREATED {
            assert_eq!((again.status, again.json()), (StatusCode::CREATED, first.json()));
            assert!(again.headers.contains_key("idempotency-replayed"));
            assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        } else {
            assert_eq!((first.status, again.status), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
        }
    });
}

/// Another program's request is done or refused, in whatever words, and whatever was stored is listed.
pub fn inlets(data: &[u8]) {
    let (_, asked) = foreign::read(data);
    let address = if asked.query.is_empty() { asked.path } else { format!("{}?{}", asked.path, asked.query) };
    let (Ok(method), Ok(uri)) = (Method::from_bytes(asked.method.as_bytes()), address.parse::<Uri>()) else {
        return;
    };
    let mut request = Request::builder().method(method).uri(uri).body(asked.body);
    for (name, value) in asked.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes()))
        {
            request.headers_mut().append(name, value);
        }
    }
    with_hub(&OPEN, false, |hub| {
        let answer = hub.ask(request);
        assert!(!answer.status.is_server_error(), "{answer:?}");
        let listed = hub.ask(Request::builder().uri_str("/api/notifications?limit=3").finish());
        assert!(listed.status == StatusCode::OK && listed.json().is_array(), "{listed:?}");
    });
}
