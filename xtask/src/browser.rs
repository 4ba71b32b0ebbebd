//! The dashboard in a real browser: sets up a Node project and a Chromium, and runs the suite of
//! `tests-sdk/browser`.

use std::process::Command;

use crate::suite::{self, Report};
use crate::{Done, command, house, sdk};

/// Where distributions put it, under the names they give it.
const CHROMIUM: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Runs the suite.
pub(crate) fn run() -> Done<Report> {
    for program in ["node", "npm"] {
        if !command::is_there(program, &["--version"]) {
            let reason = format!("{program} is not installed: the dashboard is unseen");
            return suite::left_out(reason);
        }
    }
    let Some(chromium) = chromium() else {
        return suite::left_out(
            "there is no Chromium and none could be installed: the dashboard is unseen \
             (apt-get install chromium)"
                .to_owned(),
        );
    };
    let folder = house::root().join("tests-sdk").join("browser");
    if let Err(reason) = sdk::set_up_node(&folder) {
        return suite::left_out(format!("no Node packages: {reason}"));
    }
    let mut command = Command::new("node");
    command
        .args(["--test", "--test-reporter=tap", "dashboard.test.mjs"])
        .current_dir(&folder)
        .env("FAILSOFT_CHROMIUM", chromium)
        .env("FAILSOFT_BINARY", house::binary());
    sdk::report_tap("browser", &mut command)
}

/// Finds a Chromium, or installs the system's where that can be done without asking.
fn chromium() -> Option<String> {
    let found = || {
        let mut names = CHROMIUM.iter();
        names.find_map(|name| command::path_of(name))
    };
    found().or_else(|| {
        println!("    installing Chromium");
        for arguments in [&["update"][..], &["install", "-y", "chromium"][..]] {
            let mut install = Command::new("apt-get");
            install.args(arguments).env("DEBIAN_FRONTEND", "noninteractive");
            command::run("chromium", &mut install).ok().filter(|ran| ran.well)?;
        }
        found()
    })
}
