#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| infosecops::fuzzing::stored_record(data));
