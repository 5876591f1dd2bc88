//! Every file of `fuzz/corpus`, as it is and changed.

use std::path::{Path, PathBuf};

use keystead_fuzzing::{TARGETS, Target};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, RngSeed, TestRunner};

/// `fuzz/`
pub(crate) fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz")
}

pub(crate) fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = folder().join("corpus").join(target);
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
    };
    let mut files: Vec<_> =
        std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())).map(read).collect();
    files.sort();
    files
}

/// One change of some octets.
#[derive(Debug, Clone)]
enum Change {
    Set(Index, u8),
    Flip(Index, u8),
    Cut(Index),
    Remove(Index, usize),
    Insert(Index, Vec<u8>),
    Repeat(Index, usize),
}

fn change() -> impl Strategy<Value = Change> {
    let interesting = proptest::sample::select(vec![
        &b"null"[..],
        b"{}",
        b"[]",
        b"\"\"",
        b"-1",
        b"1e400",
        b"9223372036854775808",
        b"\"\\u0000\"",
        b"\n",
        b"\n---\n",
        b"\0",
        b"\xff",
        "é".as_bytes(),
        b"%ff",
        b"{\"$type\":\"UnionFilter\",\"filters\":[",
    ]);
    let any_octets = proptest::collection::vec(any::<u8>(), 1..8);
    prop_oneof![
        (any::<Index>(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        (any::<Index>(), 0_u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        any::<Index>().prop_map(Change::Cut),
        (any::<Index>(), 1_usize..20).prop_map(|(at, count)| Change::Remove(at, count)),
        (any::<Index>(), prop_oneof![interesting.prop_map(<[u8]>::to_vec), any_octets])
            .prop_map(|(at, octets)| Change::Insert(at, octets)),
        (any::<Index>(), 1_usize..40).prop_map(|(at, count)| Change::Repeat(at, count)),
    ]
}

fn changed(seed: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut data = seed.to_vec();
    for change in changes {
        let place = |at: &Index| at.index(data.len() + 1);
        match change {
            Change::Set(at, byte) if !data.is_empty() => {
                let at = at.index(data.len());
                data[at] = *byte;
            }
            Change::Flip(at, bit) if !data.is_empty() => {
                let at = at.index(data.len());
                data[at] ^= 1 << bit;
            }
            Change::Cut(at) => {
                let at = place(at);
                data.truncate(at);
            }
            Change::Remove(at, count) => {
                let at = place(at);
                let end = (at + count).min(data.len());
                data.drain(at..end);
            }
            Change::Insert(at, octets) => {
                let at = place(at);
                data.splice(at..at, octets.iter().copied());
            }
            Change::Repeat(at, count) => {
                let at = place(at);
                let copy = data[at..(at + count).min(data.len())].to_vec();
                data.splice(at..at, copy);
            }
            Change::Set(..) | Change::Flip(..) => {}
        }
    }
    data
}

fn replay(name: &str) {
    let Target { run, mutations, .. } = *TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = corpus(name);
    assert!(!seeds.is_empty(), "fuzz/corpus/{name} is empty");
    for (file, data) in &seeds {
        println!("fuzz/corpus/{name}/{file}");
        run(data);
    }
    let strategy = (any::<Index>(), proptest::collection::vec(change(), 1..6));
    let config = Config {
        cases: mutations,
        rng_seed: RngSeed::Fixed(20_261_121),
        failure_persistence: None,
        max_shrink_iters: 200,
        ..Config::default()
    };
    let tried = TestRunner::new(config).run(&strategy, |(seed, changes)| {
        run(&changed(&seeds[seed.index(seeds.len())].1, &changes));
        Ok(())
    });
    tried.unwrap_or_else(|error| panic!("{name}: {error}"));
}

macro_rules! replays {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name));
            }
        )*

        #[test]
        fn every_target_is_replayed_and_has_a_binary() {
            let replayed = [$(stringify!($name)),*];
            assert_eq!(TARGETS.iter().map(|target| target.name).collect::<Vec<_>>(), replayed);
            let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
            for name in replayed {
                let source = std::fs::read_to_string(folder().join(format!("fuzz_targets/{name}.rs"))).unwrap();
                assert!(source.contains(&format!("keystead_fuzzing::{name}(data)")), "{name}");
                assert!(manifest.contains(&format!("name = \"{name}\"")), "{name}");
            }
        }
    };
}

replays! {
    model_schema model_filter model_access model_share model_text
    crypto_keys crypto_exchange crypto_entity crypto_identity crypto_recovery
    mpc_halves mpc_messages mpc_addresses mpc_channel
    server_router server_gateway server_keys server_events
    sdk_import sdk_sealed sdk_wallet
}

#[test]
fn the_corpora_stay_small() {
    let size: usize = TARGETS.iter().flat_map(|target| corpus(target.name)).map(|(_, data)| data.len()).sum();
    assert!(size < 1 << 20, "{size} octets: keep what is meaningful");
}
