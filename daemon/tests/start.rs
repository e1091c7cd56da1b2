//! What the daemon says of its own configuration when it starts.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, dead_code)]

mod support;

use paillasse_daemon::clients::Clients;
use paillasse_daemon::config::Config;
use support::House;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_structure_is_told_once_at_start() {
    let house = House::open(&[], "2026-11-20T08:00:00Z").await;
    let mut config = Config::read(&house.dir.path().join("paillassed.toml")).unwrap();
    let remarks = |config: &Config| Clients::new(config, uuid::Uuid::nil()).remarks;
    assert_eq!(remarks(&config), Vec::<String>::new());
    config.laboratory.finess = "690000001".to_owned();
    let told = remarks(&config);
    assert_eq!(told.len(), 1, "{told:?}");
    let sentence = told.first().unwrap();
    assert!(sentence.contains("690000001") && sentence.contains("10B0152872"), "{sentence}");
}
