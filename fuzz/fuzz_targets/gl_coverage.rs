#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| infosecops::fuzzing::gl_coverage(data));
