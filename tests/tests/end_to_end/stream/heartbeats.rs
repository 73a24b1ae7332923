//! Signs of life: named events that scripts can see, the same for all.

use notifyhub_tests::{events::Block, server::TestServer};

use super::{open, publish};

#[tokio::test]
async fn a_heartbeat_is_one_frame_for_all_and_has_no_id() {
    let server = TestServer::start(&["--heartbeat", "200ms"]);
    let mut streams = Vec::new();
    for _ in 0..3 {
        let mut events = open(&server, "/events").await;
        assert_eq!(events.next().await.data()["heartbeat_ms"], 200);
        assert_eq!(events.next().await.event(), "init");
        streams.push(events);
    }
    let mut beats: Vec<Vec<Block>> = Vec::new();
    for events in &mut streams {
        beats.push(vec![events.next().await, events.next().await, events.next().await]);
    }
    for beat in beats.iter().flatten() {
        assert_eq!(beat.event(), "heartbeat");
        let data = beat.data();
        let timestamp = data["timestamp"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(timestamp).unwrap();
        assert_eq!(timestamp.len(), "2026-08-20T14:26:40.123Z".len());
        assert_eq!(beat.text, format!("event: heartbeat\ndata: {{\"timestamp\":\"{timestamp}\"}}\n\n"));
    }
    // The streams did not open in the same instant; some beats are common to all.
    assert!(beats[0].iter().any(|beat| beats[1..].iter().all(|others| others.contains(beat))), "{beats:?}");
    assert!(beats.iter().all(|beats| beats.windows(2).all(|two| two[0] != two[1])));
}

#[tokio::test]
async fn a_busy_stream_beats_too() {
    let server = TestServer::start(&["--heartbeat", "50ms"]);
    let mut events = open(&server, "/events").await;
    let (mut beats, mut messages) = (0, 0);
    while beats < 3 || messages < 20 {
        if messages < 20 {
            publish(&server, &messages.to_string()).await;
            assert_eq!(
                loop {
                    let block = events.next().await;
                    match block.event() {
                        "heartbeat" => beats += 1,
                        "notification" => break block.message(),
                        _ => {}
                    }
                },
                messages.to_string()
            );
            messages += 1;
        } else if events.next().await.event() == "heartbeat" {
            beats += 1;
        }
    }
}
