//! How the program is linked.

use std::{env, process::Command};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    #[expect(clippy::disallowed_methods, reason = "cargo tells the target in variables")]
    let told = |name: &str| env::var(name).unwrap_or_default();
    let is_for_here = told("TARGET") == told("HOST") && told("TARGET").ends_with("linux-gnu");
    if is_for_here && glibc().is_some_and(|version| version >= (2, 36)) {
        // 24 bytes for each address that a start puts in place become a few bits: 1.5 MB less to read and to keep in
        // memory. Only a newer glibc (2022) understands that.
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}

/// The version that this machine has.
fn glibc() -> Option<(u32, u32)> {
    let said = Command::new("getconf").arg("GNU_LIBC_VERSION").output().ok()?;
    let (major, minor) = std::str::from_utf8(&said.stdout).ok()?.trim().strip_prefix("glibc ")?.split_once('.')?;
    Some((major.parse().ok()?, minor.split('.').next()?.parse().ok()?))
}
