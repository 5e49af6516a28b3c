//! Child processes of the bench: their start, their end, and their use of processor and memory.

use crate::Fallible;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longest time of a program to start, and to end after a signal.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program. Dropping it kills the program and its process group.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    id: Pid,
}

/// Processor time and memory of a process.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Usage {
    /// Processor time of all threads that still run.
    pub(crate) cpu: Duration,
    /// Peak memory, in MB.
    pub(crate) peak_mb: f64,
    /// Current memory, in MB.
    pub(crate) memory_mb: f64,
}

impl Process {
    /// Starts a program in a process group of its own.
    pub(crate) fn start(command: &mut Command) -> Fallible<Process> {
        let child = command
            .stdin(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| format!("{:?}: {error}", command.as_std().get_program()))?;
        let id = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        Ok(Process {
            child,
            id: id.ok_or("a process ended before it began")?,
        })
    }

    /// Starts a program that prints a line when it is ready, and returns that line's words.
    pub(crate) async fn start_and_hear(command: &mut Command) -> Fallible<(Process, Vec<String>)> {
        let mut process = Process::start(command.stdout(Stdio::piped()))?;
        let mut lines = process.lines()?;
        let line = timeout(PATIENCE, lines.next_line()).await;
        let line = line.map_err(|_| format!("{:?} was not ready in time", command.as_std().get_program()))??;
        let line = line.ok_or_else(|| format!("{:?} ended before it was ready", command.as_std().get_program()))?;
        // Goes on reading, since a write into a closed pipe would end the program.
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Ok((process, line.split_whitespace().map(str::to_owned).collect()))
    }

    fn lines(&mut self) -> Fallible<Lines<BufReader<ChildStdout>>> {
        let output = self.child.stdout.take().ok_or("the output is not piped")?;
        Ok(BufReader::new(output).lines())
    }

    /// Processor time and memory of the process so far.
    pub(crate) fn usage(&self) -> Fallible<Usage> {
        usage(self.id)
    }

    /// Process ID.
    pub(crate) fn id(&self) -> i32 {
        self.id.as_raw_nonzero().get()
    }

    /// Processor time and memory of another process so far.
    pub(crate) fn usage_of(id: i32) -> Fallible<Usage> {
        usage(Pid::from_raw(id).ok_or("there is no such process")?)
    }

    /// Processor time and memory of its child processes so far, each as the sum over them.
    pub(crate) fn usage_of_children(&self) -> Fallible<Usage> {
        let mut sum = Usage::default();
        for id in children(self.id)? {
            let Usage {
                cpu,
                peak_mb,
                memory_mb,
            } = usage(id)?;
            sum.cpu += cpu;
            sum.peak_mb += peak_mb;
            sum.memory_mb += memory_mb;
        }
        Ok(sum)
    }

    /// Runs a command to its end, and returns its standard output.
    pub(crate) async fn output(command: &mut Command, patience: Duration) -> Fallible<String> {
        let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
        let output = timeout(patience, output)
            .await
            .map_err(|_| format!("{command:?} did not end within {patience:?}"))??;
        if !output.status.success() {
            return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }

    /// Sends SIGTERM, and kills the process if it does not end in time.
    pub(crate) async fn stop(mut self) {
        let _ = kill_process(self.id, Signal::TERM);
        let _ = timeout(PATIENCE, self.child.wait()).await;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Only while the child has not been waited for: afterwards its ID may be that of another process.
        if self.child.id().is_some() {
            let _ = kill_process_group(self.id, Signal::KILL);
        }
    }
}

/// Command for a program, with no environment variable except `PATH`, and no output.
pub(crate) fn command(program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.env_clear().stdout(Stdio::null()).stderr(Stdio::null());
    command.env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command
}

/// Path of a program in the same folder as this one.
pub(crate) fn program(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    own.with_file_name(name)
}

/// Raises this process's limit of open files, and so of sockets, as far as the system allows. Returns the limit.
pub(crate) fn raise_file_limit() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    let granted = setrlimit(Resource::Nofile, raised).map_or(current, |()| maximum);
    granted.unwrap_or(u64::MAX)
}

fn usage(id: Pid) -> Fallible<Usage> {
    let folder = PathBuf::from(format!("/proc/{}", id.as_raw_nonzero()));
    let status = fs::read_to_string(folder.join("status"))?;
    let megabytes = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok());
        kilobytes.map(|kilobytes| kilobytes / 1024.0)
    };
    let missing = || format!("/proc/{} has no memory in it", id.as_raw_nonzero());
    Ok(Usage {
        cpu: cpu(&folder)?,
        peak_mb: megabytes("VmHWM:").ok_or_else(missing)?,
        memory_mb: megabytes("VmRSS:").ok_or_else(missing)?,
    })
}

/// Processor time by the scheduler's count in nanoseconds, since the hundredths of a second in `/proc/…/stat` are too coarse
/// for a cold start.
fn cpu(folder: &Path) -> Fallible<Duration> {
    let mut nanoseconds = 0;
    for task in fs::read_dir(folder.join("task"))? {
        // A thread may end while the list is read.
        let Ok(line) = fs::read_to_string(task?.path().join("schedstat")) else {
            continue;
        };
        nanoseconds += line.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn children(parent: Pid) -> Fallible<Vec<Pid>> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(id) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            continue;
        };
        // After the name, which may contain anything, stand the state, the parent, …
        let own_parent = stat.rsplit(") ").next().and_then(|rest| rest.split(' ').nth(1));
        if own_parent.and_then(|id| id.parse().ok()) == Some(parent.as_raw_nonzero().get()) {
            children.extend(Pid::from_raw(id));
        }
    }
    Ok(children)
}
