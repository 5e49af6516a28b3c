//! A process group: a process and its children, which are signalled together.

use rustix::process::{Pid, Signal, kill_process_group};

/// The group of a process, by the process's id. It is killed when this value is dropped: however its owner ends,
/// nothing of the group is left.
#[derive(Debug)]
pub(super) struct ProcessGroup(pub(super) u32);

impl ProcessGroup {
    pub(super) fn signal(&self, signal: Signal) {
        signal_group(self.0, signal);
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        self.signal(Signal::KILL);
    }
}

/// Kills a process and its children.
pub(super) fn kill(process_id: u32) {
    signal_group(process_id, Signal::KILL);
}

fn signal_group(id: u32, signal: Signal) {
    if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
        // It fails if the group has ended already.
        let _ = kill_process_group(group, signal);
    }
}
