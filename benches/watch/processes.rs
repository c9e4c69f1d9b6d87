//! The processor time of processes, as the kernel counts it in hundredths of a second (`proc(5)`).

use std::ops::Sub;

use anyhow::{Context, Result};

/// Processor time, in seconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Used(pub(crate) f64);

impl Sub for Used {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self(self.0 - earlier.0)
    }
}

/// The fields of `/proc/PID/stat` behind the name of the process, which may hold anything.
fn fields(process: u32) -> Result<Vec<String>> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, fields) = stat.rsplit_once(") ").context("the kernel tells no stat")?;
    Ok(fields.split_whitespace().map(str::to_owned).collect())
}

/// Who started a process.
pub(crate) fn parent(process: u32) -> Result<u32> {
    Ok(fields(process)?[1].parse()?)
}

/// What a process has used so far.
pub(crate) fn used(process: u32) -> Result<Used> {
    ticks(process, 11..13)
}

/// What a database server has used so far, with its sessions: those that have ended, and those that are there.
pub(crate) fn used_by_server(postmaster: u32) -> Result<Used> {
    let mut all = ticks(postmaster, 11..15)?.0;
    for entry in std::fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse::<u32>() else { continue };
        // One that ends meanwhile is counted by its parent the next time.
        if parent(process).is_ok_and(|parent| parent == postmaster) {
            all += used(process).map_or(0.0, |used| used.0);
        }
    }
    Ok(Used(all))
}

fn ticks(process: u32, which: std::ops::Range<usize>) -> Result<Used> {
    let ticks = fields(process)?[which].iter().map(|ticks| ticks.parse::<f64>()).sum::<Result<f64, _>>()?;
    Ok(Used(ticks / 100.0))
}
