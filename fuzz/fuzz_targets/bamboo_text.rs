#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| infosecops::fuzzing::bamboo_text(data));
