//! nchan: the nginx module for publish and subscribe, from Debian's packages, with two workers.

use std::{fs, io, net::SocketAddr, path::Path, path::PathBuf, process::Command};

use super::{Program, Setup, version_line};

const MODULE: &str = "/usr/lib/nginx/modules/ngx_nchan_module.so";

pub(super) fn find() -> Result<PathBuf, String> {
    let nginx = super::on_path("nginx").or_else(|_| {
        let path = PathBuf::from("/usr/sbin/nginx");
        if path.exists() { Ok(path) } else { Err("nginx is not on PATH".to_owned()) }
    })?;
    if Path::new(MODULE).exists() {
        Ok(nginx)
    } else {
        Err("the package libnginx-mod-nchan is missing".into())
    }
}

pub(super) fn version(program: &Path) -> String {
    let package = ["-W", "-f", "${Version}", "libnginx-mod-nchan"];
    format!("{}, nchan {}", version_line(program, &["-v"]), version_line(Path::new("dpkg-query"), &package))
}

pub(super) fn program(
    nginx: &Path,
    address: SocketAddr,
    setup: &Setup,
    directory: &Path,
) -> io::Result<Program> {
    // nginx wants its scratch directories where it may write.
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {}/{name};", directory.display()))
        .join("\n");
    let owner = if rustix::process::geteuid().is_root() { "user root;" } else { "" };
    let configuration = format!(
        "{owner}
load_module {MODULE};
worker_processes 2;
worker_rlimit_nofile 20000;
daemon off;
pid {directory}/nginx.pid;
error_log {directory}/error.log warn;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    tcp_nodelay on;
    keepalive_requests 100000000;
    keepalive_timeout 1h;
    nchan_shared_memory_size 256M;
{temporary}
    server {{
        # One listening socket a worker: otherwise one of them may get most of the streams.
        listen {address} reuseport backlog=4096;
        location = /events {{
            nchan_subscriber eventsource;
            nchan_channel_id feed;
            nchan_subscriber_first_message newest;
            nchan_eventsource_ping_interval {heartbeat};
            nchan_eventsource_ping_event heartbeat;
            nchan_eventsource_ping_data '{{\"timestamp\":\"2026-01-01T00:00:00.000Z\"}}';
        }}
        location = /publish {{
            nchan_publisher;
            nchan_channel_id feed;
            nchan_message_buffer_length 1000;
            nchan_message_timeout 1h;
        }}
    }}
}}
",
        directory = directory.display(),
        heartbeat = setup.heartbeat.as_secs(),
    );
    let path = directory.join("nginx.conf");
    fs::write(&path, configuration)?;
    // Before it has read its configuration, nginx would complain that it may not write to its usual log.
    let arguments = ["-p", ".", "-e", "error.log", "-c", &path.display().to_string()].map(String::from);
    let check = Command::new(nginx).args(&arguments).arg("-t").current_dir(directory).output()?;
    if !check.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&check.stderr).into_owned()));
    }
    Ok(Program { path: nginx.into(), arguments: arguments.into() })
}
