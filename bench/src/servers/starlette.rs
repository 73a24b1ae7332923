//! sse-starlette on uvicorn, in a virtual environment that is made once: what the earlier hub was built on.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Command,
};

use super::{Program, Setup, version_line};

const PACKAGES: [&str; 5] =
    ["sse-starlette==3.7.0", "starlette==1.10.0", "uvicorn==0.54.0", "uvloop==0.23.0", "httptools==0.9.0"];

/// The Python interpreter of the environment, which is made if it is missing.
pub(super) fn find(target_directory: &Path) -> Result<PathBuf, String> {
    let environment = target_directory.join("bench-venv");
    let python = environment.join("bin/python");
    let is_ready = || {
        let check =
            Command::new(&python).args(["-c", "import sse_starlette, uvicorn, uvloop, httptools"]).output();
        check.is_ok_and(|output| output.status.success())
    };
    if is_ready() {
        return Ok(python);
    }
    let run = |program: &Path, arguments: &[&str]| match Command::new(program).args(arguments).output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Err(error.to_string()),
    };
    run(Path::new("python3"), &["-m", "venv", &environment.display().to_string()])?;
    let mut install = vec!["-m", "pip", "install", "--quiet"];
    install.extend(PACKAGES);
    run(&python, &install)?;
    Ok(python)
}

pub(super) fn version(python: &Path) -> String {
    let script = "import sys, importlib.metadata as m; \
                  print(', '.join(f'{p} {m.version(p)}' for p in ['sse-starlette', 'starlette', 'uvicorn', \
                  'uvloop']) + ', Python ' + sys.version.split()[0])";
    version_line(python, &["-c", script])
}

pub(super) fn program(
    python: &Path,
    address: SocketAddr,
    setup: &Setup,
    directory: &Path,
) -> io::Result<Program> {
    fs::write(directory.join("feed.py"), include_str!("feed.py"))?;
    let arguments = format!(
        "-m uvicorn feed:app --host {} --port {} --loop uvloop --http httptools --backlog 4096 \
         --no-access-log --log-level warning --timeout-keep-alive 3600",
        address.ip(),
        address.port()
    );
    let heartbeat = format!("HEARTBEAT_SECONDS={}", setup.heartbeat.as_secs_f64());
    let arguments = [heartbeat, python.display().to_string()]
        .into_iter()
        .chain(arguments.split_ascii_whitespace().map(String::from))
        .collect();
    Ok(Program { path: "env".into(), arguments })
}
