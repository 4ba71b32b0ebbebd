//! What stands between load and upstream, alone on core 0: nginx or failsoft.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tokio::net::TcpStream;

use super::paced::PACED_MODEL;
use super::upstream::IDLE_MODEL;
use crate::{Done, house};

/// Who is measured.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    Straight,
    Nginx,
    Failsoft,
    FailsoftWithoutJournal,
    /// Neither journal nor metrics.
    FailsoftWithoutRecord,
}

impl Subject {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Straight => "straight",
            Self::Nginx => "nginx",
            Self::Failsoft => "failsoft",
            Self::FailsoftWithoutJournal => "failsoft, no journal",
            Self::FailsoftWithoutRecord => "failsoft, no record",
        }
    }
}

/// A running subject.
pub(super) struct Proxy {
    pub(super) subject: Subject,
    pub(super) port: u16,
    child: Option<Child>,
}

impl Proxy {
    /// Starts a subject in a folder of its own and waits until it accepts.
    pub(super) async fn start(subject: Subject, upstream: u16, folder: &Path) -> Done<Self> {
        if subject == Subject::Straight {
            return Ok(Self { subject, port: upstream, child: None });
        }
        let folder = folder.join(subject.name().replace([' ', ','], "-"));
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let (port, admin) = (free_port()?, free_port()?);
        let mut command = Command::new("taskset");
        command.args(["-c", "0"]).stdin(Stdio::null());
        if subject == Subject::Nginx {
            let file = write(&folder, "nginx.conf", &nginx_settings(&folder, port, upstream))?;
            command.arg("nginx").arg("-p").arg(&folder).arg("-c").arg(file);
        } else {
            let text = failsoft_settings([port, admin], upstream, subject);
            let file = write(&folder, "failsoft.toml", &text)?;
            let binary = house::target().join("release").join("failsoft");
            command.arg(binary).args(["serve", "--config"]).arg(file);
            command.env("FAILSOFT_THREADS", "1").env("RUST_LOG", "warn");
        }
        let log = fs::File::create(folder.join("log")).map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        let child = command
            .stdout(log)
            .stderr(errors)
            .spawn()
            .map_err(|error| format!("cannot start {}: {error}", subject.name()))?;
        let mut proxy = Self { subject, port, child: Some(child) };
        proxy.accepts(&folder).await?;
        Ok(proxy)
    }

    async fn accepts(&mut self, folder: &Path) -> Done {
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(20) {
            if TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return Ok(());
            }
            if let Some(Ok(Some(_))) = self.child.as_mut().map(Child::try_wait) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        Err(format!("{} does not accept connections: {log}", self.subject.name()))
    }

    /// Processor time spent so far, in user and system mode, by all threads.
    pub(super) fn cpu(&self) -> Duration {
        let Some(id) = self.child.as_ref().map(Child::id) else { return Duration::ZERO };
        let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
        // The first figure is the time on a processor, in nanoseconds.
        let nanos = threads.filter_map(|thread| {
            let told = fs::read_to_string(thread.path().join("schedstat")).ok()?;
            told.split_whitespace().next()?.parse::<u64>().ok()
        });
        Duration::from_nanos(nanos.sum())
    }

    /// Resident memory in bytes.
    pub(super) fn resident(&self) -> f64 {
        let Some(status) = self.proc("status") else { return 0.0 };
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
        kilobytes.unwrap_or(0.0) * 1024.0
    }

    fn proc(&self, file: &str) -> Option<String> {
        let id = self.child.as_ref()?.id();
        fs::read_to_string(format!("/proc/{id}/{file}")).ok()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It has nothing to save.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A port nobody listens on; taken again at once by the subject.
fn free_port() -> Done<u16> {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    port.map(|address| address.port()).map_err(|error| format!("no free port: {error}"))
}

fn write(folder: &Path, name: &str, text: &str) -> Done<PathBuf> {
    let file = folder.join(name);
    fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(file)
}

fn nginx_settings(folder: &Path, port: u16, upstream: u16) -> String {
    let folder = folder.display();
    format!(
        "daemon off; master_process off; worker_processes 1; pid {folder}/pid;\n\
         error_log {folder}/error.log;\n\
         worker_rlimit_nofile 60000;\n\
         events {{ worker_connections 30000; }}\n\
         http {{\n\
         access_log off; keepalive_requests 100000000; keepalive_timeout 600s;\n\
         client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;\n\
         fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;\n\
         scgi_temp_path {folder}/scgi;\n\
         upstream provider {{ server 127.0.0.1:{upstream}; keepalive 512;\n\
           keepalive_requests 100000000; keepalive_timeout 600s; }}\n\
         server {{ listen 127.0.0.1:{port} backlog=4096; location / {{\n\
           proxy_pass http://provider; proxy_http_version 1.1;\n\
           proxy_set_header Connection \"\"; proxy_buffering off; }} }} }}\n"
    )
}

fn failsoft_settings(ports: [u16; 2], upstream: u16, subject: Subject) -> String {
    let [port, admin] = ports;
    let journal = subject == Subject::Failsoft;
    let metrics = subject != Subject::FailsoftWithoutRecord;
    // Two thousand streams stand open at once, silent for longer than people would wait.
    let room = "[policy.limit]\nmax = 20000\n[policy.timeouts]\nstall = \"300s\"\n";
    format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\nadmin = \"127.0.0.1:{admin}\"\nmetrics = {metrics}\n\
         [journal]\nenabled = {journal}\npath = \"failsoft.db\"\n{room}\
         [providers.first]\ndialect = \"chat_completions\"\n\
         base_url = \"http://127.0.0.1:{upstream}/v1\"\napi_key = \"none\"\n\
         [providers.second]\ndialect = \"chat_completions\"\n\
         base_url = \"http://127.0.0.1:{upstream}/v1\"\napi_key = \"none\"\n\
         [routes.bench]\ntiers = [[\"first/bench\"], [\"second/bench\"]]\n\
         [routes.{IDLE_MODEL}]\ntiers = [[\"first/{IDLE_MODEL}\"], [\"second/{IDLE_MODEL}\"]]\n\
         [routes.{PACED_MODEL}]\ntiers = [[\"first/{PACED_MODEL}\"], [\"second/{PACED_MODEL}\"]]\n"
    )
}
