//! What hostile logs cost to read, and whether anything planted in them shows: a thousand that are made at random,
//! and the worst of each kind. Fails where a secret shows, a marker in a commit's message is believed, or memory grows.
#![expect(clippy::print_stdout, reason = "the figures are what was asked for")]
#![expect(clippy::unwrap_used, reason = "what is made here is well formed")]

#[path = "../src/log/hostile.rs"]
mod hostile;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use hostile::{SECRET, hostile, leaked};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};
use signalbox_domain::log::{Classifier, JobLog, Log, Redactor, Rules, built_in, field, line};

const LOGS: usize = 1_000;
const MEGABYTE: usize = 1024 * 1024;
/// As it arrives from a socket.
const CHUNK: usize = 64 * 1024;
/// Most memory that the process may come to, in MiB; most of it is the rules, compiled.
const ROOM: usize = 64;

fn main() {
    let rules = Rules::new(vec![]).unwrap();
    let with = Arc::new(Classifier::new(rules, Redactor::new([SECRET])));
    let examples: Vec<String> = built_in().into_iter().map(|rule| rule.example.into_owned()).collect();
    random(&with, examples.clone());
    let gigabyte = 1024 * MEGABYTE;
    let stamped = "2026-11-26T20:15:00.1234567Z ";
    let lines = format!("{stamped}[1/2 (50%) standard:acme]   Applying a.0001_x... OK\n");
    let planted = format!("{stamped}PASSWORD={SECRET} postgres://u:{SECRET}@h/d {}\n", hex::encode(SECRET));
    one(&with, "1 GiB of lines", lines.as_bytes(), gigabyte);
    one(&with, "1 GiB without an end of line", b"x", gigabyte);
    one(&with, "256 MiB of a bar that is drawn over and over", b"progress 42 %\r", 256 * MEGABYTE);
    one(&with, "256 MiB of secrets", planted.as_bytes(), 256 * MEGABYTE);
    let read = one(&with, "256 MiB of bytes at random", &noise(), 256 * MEGABYTE);
    assert_eq!(read.trouble.as_deref(), Some("it is not text"));
    let read = one(&with, "64 MiB of zip bombs, 10 GiB once unpacked", &bomb(), 64 * MEGABYTE);
    assert_eq!(read.trouble.as_deref(), Some("it is an archive, and archives are not unpacked"));
    let commits: String = examples.iter().map(|marker| commit(stamped, marker)).collect();
    let read = one(&with, "64 MiB of commits whose messages have every marker", commits.as_bytes(), 64 * MEGABYTE);
    assert_eq!(read.findings, [], "what a commit says is not what happened");
    println!("most memory: {} MiB (aim: under {ROOM})", peak());
    assert!(peak() < ROOM, "{} MiB", peak());
}

/// Reads logs made at random, each in pieces of another length.
fn random(with: &Arc<Classifier>, examples: Vec<String>) {
    let (made, mut runner) = (hostile(examples), TestRunner::deterministic());
    let (mut bytes, mut leaks, mut findings, mut spent, mut longest) = (0, 0, 0, Duration::ZERO, Duration::ZERO);
    for number in 0..LOGS {
        let log = made.new_tree(&mut runner).unwrap().current();
        let begun = Instant::now();
        let mut reader = with.reader(number % 2 == 0);
        log.chunks(1 + number * 5).for_each(|piece| reader.push(piece));
        let read = reader.finish();
        let took = begun.elapsed();
        (bytes, spent, longest) = (bytes + log.len(), spent + took, longest.max(took));
        findings += read.findings.len();
        leaks += usize::from(leaked(&shown(&read)).is_some());
    }
    println!(
        "{LOGS} logs at random: {} KiB in {spent:.1?}, the longest {longest:.1?}; {findings} findings, {leaks} leaked secrets",
        bytes / 1024
    );
    assert_eq!(leaks, 0);
}

/// Reads one log, which repeats a piece until it is that long.
fn one(with: &Arc<Classifier>, what: &str, piece: &[u8], length: usize) -> Log {
    let times = CHUNK.div_ceil(piece.len());
    let chunk = piece.repeat(times);
    let begun = Instant::now();
    let mut reader = with.reader(true);
    let mut left = length;
    while left > 0 {
        let taken = chunk.len().min(left);
        reader.push(&chunk[..taken]);
        left -= taken;
    }
    let read = reader.finish();
    let took = begun.elapsed();
    let speed = length as f64 / MEGABYTE as f64 / took.as_secs_f64();
    let leaks = usize::from(leaked(&shown(&read)).is_some());
    let trouble = read.trouble.as_deref().unwrap_or("read to its end");
    println!("{what}: {took:.1?}, {speed:.0} MiB/s; {trouble}; {leaks} leaked secrets");
    assert_eq!(leaks, 0);
    read
}

/// All that anybody may get to see of a log.
fn shown(read: &Log) -> String {
    let Log { findings, trouble, tail, .. } = read.clone();
    let told = JobLog { job: 1, name: "migrate".into(), findings, executor: None, trouble };
    let card = field(std::slice::from_ref(&told), 1_000);
    format!("{}\n{told:?}\n{}\n{card:?}", tail.join("\n"), line(&told))
}

/// A commit as `git log` prints it, whose message is a marker.
fn commit(stamp: &str, message: &str) -> String {
    let head = ["commit 0123456789abcdef0123456789abcdef01234567", "Author: x <x@y>", ""].map(str::to_owned);
    let body = message.lines().map(|line| format!("    {line}"));
    head.into_iter().chain(body).map(|line| format!("{stamp}{line}\n")).collect()
}

/// Bytes that no text has, by a linear congruential generator.
fn noise() -> Vec<u8> {
    let mut state = 1_u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    std::iter::repeat_with(next).take(CHUNK).collect()
}

/// An entry of a zip, 64 KiB long: ten megabytes of zeros. In DEFLATE's fixed code the first of them is 00110000, and
/// 258 more are 11000101 (their number) and 00000 (copied from one before).
fn bomb() -> Vec<u8> {
    let mut entry = b"PK\x03\x04\x14\0\0\0\x08\0".to_vec();
    entry.extend([0; 20]);
    let (begin, again, end) = ("110".to_owned() + "00110000", "1100010100000", "0000000");
    let room = (CHUNK - entry.len()) * 8 - begin.len() - end.len();
    let bits: Vec<u8> = (begin + &again.repeat(room / again.len()) + end).bytes().map(|bit| bit - b'0').collect();
    entry.extend(bits.chunks(8).map(|bits| bits.iter().rev().fold(0, |byte, bit| byte << 1 | bit)));
    entry.resize(CHUNK, 0);
    entry
}

/// The most memory that this process has held, in MiB.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<usize>().ok()).unwrap_or_default() / 1024
}
