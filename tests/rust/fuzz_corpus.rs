//! Replays the inputs in `fuzz/corpus` through the entry points of the fuzzer: seeds of the vendors' pages, and what
//! once went wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use infosecops::fuzzing::TARGETS;

#[test]
fn every_input_of_the_corpus_passes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus");
    for (name, run) in TARGETS {
        let mut count = 0;
        for entry in fs::read_dir(root.join(name)).unwrap_or_else(|error| panic!("{name}: {error}")) {
            let path = entry.unwrap().path();
            let data = fs::read(&path).unwrap();
            let passed = std::panic::catch_unwind(|| run(&data));
            assert!(passed.is_ok(), "{}", path.display());
            count += 1;
        }
        assert!(count > 0, "{name} has no inputs");
    }
}

#[test]
fn every_target_has_its_file_and_its_corpus() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    for (folder, ending) in [("corpus", ""), ("fuzz_targets", ".rs")] {
        let mut found: Vec<String> = fs::read_dir(root.join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .map(|name| name.strip_suffix(ending).unwrap_or(&name).to_owned())
            .collect();
        let mut expected: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{folder}");
    }
}
