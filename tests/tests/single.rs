//! One daemon at a time, a clean end, and what `paillasse status` says to supervision.

use std::fs;
use std::os::unix::net::UnixListener;

use paillasse_shared::domain::order::Service;
use paillasse_shared::protocol::methods::{Empty, EventsSubscribe, QueuePause, StatusGet};
use paillasse_shared::protocol::queue::ServiceParams;
use paillasse_tests::{Client, House, Options, lab};

#[test]
fn a_second_daemon_is_refused_and_the_first_does_not_notice() {
    let house = House::open();
    let mut second = house.spawn();
    assert!(!second.end().success());
    let words = second.words();
    assert!(words.contains("paillassed tourne déjà") && words.contains("p.sock"), "{words}");
    house.client().ok::<StatusGet>(&Empty {});

    // The same database under another socket is not touched either.
    let config = fs::read_to_string(house.config()).unwrap();
    fs::write(house.config(), config.replace("p.sock", "q.sock")).unwrap();
    let mut third = house.spawn();
    let ended = third.end();
    assert!(!ended.success(), "two daemons on one database: {}", third.words());
    assert!(
        third.words().contains("a ouvert la base") && third.words().contains("paillasse.db"),
        "{}",
        third.words()
    );
    lab::register(&mut house.client(), &lab::people()[0].typed());
}

#[test]
fn a_stale_socket_is_replaced_and_anything_else_is_left_alone() {
    let mut house = House::without_daemon(Options::default());
    drop(UnixListener::bind(house.socket()).unwrap());
    assert!(house.socket().exists());
    house.start();
    house.client().ok::<StatusGet>(&Empty {});
    // Killed: its socket stays behind and the next one replaces it.
    house.kill();
    assert!(house.socket().exists());
    house.start();
    house.client().ok::<StatusGet>(&Empty {});
    house.stop();

    fs::write(house.socket(), "notes").unwrap();
    let mut refused = house.spawn();
    assert!(!refused.end().success());
    assert!(refused.words().contains("n'est pas une socket"), "{}", refused.words());
    assert_eq!(fs::read_to_string(house.socket()).unwrap(), "notes");
}

#[test]
fn a_stop_is_told_waits_for_what_was_begun_and_removes_the_socket() {
    let mut house = House::open();
    let mut c = house.client();
    let patient = lab::qualified(&mut c, &lab::people()[0]);
    let by = lab::prescriber(&mut c, "dr.roux");
    let mut watcher = Client::raw(&house.socket()).unwrap();
    watcher.ok::<EventsSubscribe>(&Empty {});
    let dossier = lab::reported(&mut c, patient, by);
    let status = house.stop().unwrap();
    assert!(status.success(), "{status:?}");
    assert!(!house.socket().exists());
    assert!(!house.socket().with_extension("state.json").exists());
    assert!(watcher.closed());
    // What was begun is known, what was not leaves after the restart.
    house.start();
    lab::delivered(&mut house.client(), dossier);
    assert_eq!(house.received().of("dmp", "TD2.1").len(), 1);
    assert_eq!(house.received().mails().len(), 1);
}

#[test]
fn status_says_good_degraded_or_down_by_its_exit_code() {
    let mut house = House::open();
    let said = house.cli(&["--json", "status"]);
    if said.json()["free_mib"].as_u64().unwrap() >= 512 {
        assert_eq!((said.code, said.json()["health"].as_str()), (0, Some("good")), "{said:?}");
        assert!(house.cli(&["status"]).good().contains("tout va bien"));
    } else {
        paillasse_tests::tools::skip("exit code 0 of status", "the disk of the tests is nearly full");
    }
    house.client().ok::<QueuePause>(&ServiceParams { service: Service::Dmp });
    let said = house.cli(&["--json", "status"]);
    assert_eq!((said.code, said.json()["health"].as_str()), (1, Some("degraded")), "{said:?}");
    assert!(house.cli(&["status"]).out.contains("DMP en pause"));
    house.stop();
    let said = house.cli(&["--json", "status"]);
    assert_eq!((said.code, said.json()["health"].as_str()), (2, Some("down")), "{said:?}");
    let said = house.cli(&["status"]);
    assert!(said.code == 2 && said.err.contains("n'est pas lancé"), "{said:?}");
    // Killed: the socket is there, nobody is behind.
    house.start();
    house.kill();
    let said = house.cli(&["status"]);
    assert!(said.code == 2 && said.err.contains("s'est arrêté"), "{said:?}");
}
