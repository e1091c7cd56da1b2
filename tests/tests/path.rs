//! The main path, end to end, as scripts and analysers walk it: the command line, the socket, MLLP; then what the
//! services received, read by programs of others.

use std::path::Path;
use std::process::Command;

use paillasse_shared::domain::ids::DossierId;
use paillasse_shared::domain::order::{OrderState, Reason, Service};
use paillasse_shared::protocol::inbox::{InboxRef, InboxState, ListParams, MessageView};
use paillasse_shared::protocol::methods::{InboxGet, InboxList, InboxReplay, PatientGet};
use paillasse_shared::protocol::patient::PatientRef;
use paillasse_shared::protocol::queue::OrderView;
use paillasse_tests::mllp::{acknowledged, oru, send, send_public};
use paillasse_tests::{Client, House, lab, process, tools};
use serde_json::Value;

/// Results of the middleware: an ionogramme and a blood count, as (code, value, unit).
const IONO: [(&str, &str, &str); 5] = [
    ("NA", "139", "mmol/L"),
    ("K", "4.3", "mmol/L"),
    ("CL", "103", "mmol/L"),
    ("HCO3", "25", "mmol/L"),
    ("PROT", "71", "g/L"),
];

/// A blood count: what the middleware sends…
const COUNT: [(&str, &str, &str); 13] = [
    ("LEU", "6.4", "G/L"),
    ("HEMA", "4.72", "T/L"),
    ("HB", "14.1", "g/dL"),
    ("HT", "42.3", "%"),
    ("VGM", "89.6", "fL"),
    ("TCMH", "29.9", "pg"),
    ("CCMH", "33.3", "g/dL"),
    ("PLT", "243", "G/L"),
    ("PNN", "3.71", "G/L"),
    ("PNE", "0.19", "G/L"),
    ("PNB", "0.04", "G/L"),
    ("LYM", "1.98", "G/L"),
    ("MON", "0.48", "G/L"),
];
/// … and what is entered by hand.
const BY_HAND: [(&str, &str); 7] = [
    ("IDR", "12.9"),
    ("VPM", "9.8"),
    ("PNNP", "58.0"),
    ("PNEP", "3.0"),
    ("PNBP", "0.6"),
    ("LYMP", "30.9"),
    ("MONP", "7.5"),
];

/// What a program of others reads in a mail.
fn read_mail(house: &House, eml: &Path) -> Option<Value> {
    if !tools::has("python3") {
        tools::skip("the mail read by others", "python3 is not installed");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tools/read_mail.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(eml).arg(house.dir().join("mail"));
    if let Some(references) = tools::references() {
        command.arg(references.join("reference/xds/xsd/ebRS30/lcm.xsd"));
    }
    let said = process::run(&mut command, b"");
    assert_eq!(said.code, 0, "{said:?}");
    let facts = said.json();
    Some(facts)
}

#[test]
fn from_the_desk_to_the_dmp_and_the_mailbox() {
    let house = House::demonstration();
    let mut c = house.client();

    // The desk, by command line. INSi is asked by itself; `fetch` waits for it.
    let created = house.cli_json(&[
        "patient",
        "create",
        "--name",
        "D'Artagnan de l'Hérault",
        "--first-name",
        "Pierre-Alain",
        "--sex",
        "M",
        "--birth-date",
        "17/06/2001",
        "--birth-place",
        "99999",
    ]);
    let patient = created["patient"]["id"].to_string();
    let fetched = house.cli_json(&["ins", "fetch", &patient]);
    assert_eq!(fetched["insi"]["state"], "to_decide", "{fetched}");
    let compared = house.cli_json(&["ins", "compare", &patient]);
    let given =
        compared["comparison"]["fields"].as_array().unwrap().iter().find(|f| f["field"] == "given_names");
    assert_eq!(given.unwrap()["level"], "added", "{compared}");
    house.cli(&["ins", "accept", &patient]).good();

    // Strict traits are byte for byte what INSi returned, its 63220 included.
    let record = c.ok::<PatientGet>(&PatientRef { id: patient.parse().unwrap() });
    let returned: Vec<String> = stored_return(&house);
    let traits = serde_json::to_value(&record.traits).unwrap();
    for (ours, theirs) in
        [("birth_name", 0), ("given_names", 1), ("sex", 2), ("birth_date", 3), ("birth_place", 4)]
    {
        assert_eq!(traits[ours].as_str(), Some(returned[theirs].as_str()), "{ours}: {traits}");
    }
    assert_eq!(record.ins.as_ref().unwrap().matricule.compact(), format!("{}{}", returned[5], returned[6]));

    // The dossier, before the identity card is shown.
    let by = lab::prescriber(&mut c, "dr.roux").to_string();
    let opened = house.cli_json(&[
        "dossier",
        "create",
        "--patient",
        &patient,
        "--analysis",
        "IONO,NFS",
        "--prescriber",
        &by,
    ]);
    let number = opened["number"].as_str().unwrap().to_owned();
    let dossier = DossierId(opened["id"].as_i64().unwrap());
    let tubes = lab::tubes(&mut c, dossier);
    assert_eq!(tubes.len(), 2, "one tube for chemistry, one for the count: {tubes:?}");

    // Results come from a middleware, sent by a public MLLP client.
    let message = oru("MW-1", &[(&tubes[0], &IONO), (&tubes[1], &COUNT)]);
    let ack = send_public(&house.mllp(), &message, house.dir());
    assert_eq!(acknowledged(&ack), ("AA".to_owned(), "MW-1".to_owned()), "{ack}");
    let filed = lab::results(&lab::view(&mut c, dossier));
    for (code, value, unit) in IONO.iter().chain(&COUNT) {
        let r = &filed[*code];
        assert_eq!(
            (r.shown.replace(',', ".").as_str(), r.unit.as_deref()),
            (*value, Some(*unit)),
            "{code}: {r:?}"
        );
    }
    for (code, value) in BY_HAND {
        house.cli(&["dossier", "result", &number, code, &value.replace('.', ",")]).good();
    }

    // Validated by command line. The prescriber's mail leaves; the DMP waits for the identity, and says so.
    house.cli(&["dossier", "validate-technical", &number]).good();
    house.cli(&["dossier", "validate", &number]).good();
    lab::order_in(&mut c, dossier, Service::Mss, OrderState::Delivered);
    let waits = lab::order(&mut c, dossier, Service::Dmp);
    assert_eq!(waits.state, OrderState::Held);
    assert_eq!(waits.reason, Some(Reason::IdentityNotQualified { insi: false, device: true }));
    let why = house.cli(&["queue", "explain", &waits.id.to_string()]).good();
    assert!(why.contains("Identité non qualifiée : il manque une pièce d'identité"), "{why}");
    assert!(why.contains("Qualifier l'identité"), "the cure: {why}");

    // The card is shown: nothing else is done, and it leaves.
    house.cli(&["ins", "qualify", &patient, "--device", "cni"]).good();
    let all = lab::delivered(&mut c, dossier);
    for service in [Service::Dmp, Service::Mss] {
        assert!(all.iter().any(|o| o.service == service), "{all:?}");
    }
    received(&house, &all);
}

/// Birth name, given names, sex, date, place, matricule and key of the latest return that INSi gave.
fn stored_return(house: &House) -> Vec<String> {
    let exchanges = house.received().exchanges();
    let last =
        exchanges.iter().rfind(|e| e.service == "insi" && e.outcome == "00").expect("INSi returned somebody");
    let folder = house.received().path().join("insi");
    let files = std::fs::read_dir(&folder).unwrap().flatten().map(|f| f.path());
    let prefix = format!("{:06}", last.n);
    let mut answers = files.filter(|f| {
        let name = f.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with(&prefix) && (name.contains("response") || name.contains("answer"))
    });
    let text = std::fs::read_to_string(answers.next().expect("the answer is kept")).unwrap();
    let of = |element: &str| {
        let after =
            text.split_once(&format!("{element}>")).unwrap_or_else(|| panic!("no {element} in {text}")).1;
        after.split('<').next().unwrap().replace("&apos;", "'").replace("&#39;", "'")
    };
    [
        "NomNaissance",
        "ListePrenom",
        "Sexe",
        "DateNaissance",
        "LieuNaissance",
        "IdIndividu",
        "NumIdentifiant",
        "Cle",
    ]
    .iter()
    .filter(|e| **e != "IdIndividu")
    .map(|e| of(e))
    .collect()
}

/// What the services hold at the end: exactly one submission and one mail, right in the eyes of others.
fn received(house: &House, orders: &[OrderView]) {
    let sent = IONO.iter().chain(&COUNT).map(|(code, value, _)| (*code, *value)).chain(BY_HAND);
    let identifier =
        |service| orders.iter().find(|o| o.service == service).unwrap().identifier.clone().unwrap();
    let unique_id = identifier(Service::Dmp);
    let mut submissions = house.received().of("dmp", "TD2.1");
    submissions.retain(|e| e.unique_ids.contains(&unique_id));
    let mut mails = house.received().exchanges();
    mails.retain(|e| e.service == "mss" && e.recipients == ["dr.roux@medecin.mssante.example"]);
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(submissions.len(), 1, "{submissions:?}");
    assert_eq!((mails[0].outcome.as_str(), submissions[0].outcome.as_str()), ("accepted", "success"));
    assert_eq!(mails[0].message_id, identifier(Service::Mss));

    let folder = house.received().dmp(&submissions[0]);
    let envelope = std::fs::read_to_string(folder.join("envelope.xml")).unwrap();
    assert!(envelope.contains(":Include"), "MTOM: the document is a part apart");
    let cda = folder.join("document-1.xml");
    let written = std::fs::read_to_string(&cda).unwrap();
    for (code, value) in sent.clone() {
        assert!(written.contains(&format!("value=\"{value}\"")), "{code} {value}");
    }
    if let Ok(out) = std::env::var("PAILLASSE_DOCUMENTS_OUT") {
        std::fs::copy(&cda, Path::new(&out).join("end-to-end.xml")).unwrap();
    }
    if let Some(said) = tools::validate_cda(&cda) {
        tools::say(&format!("validate-cda --extra: {}", said.lines().last().unwrap_or_default()));
        assert!(said.ends_with("1 documents, 0 errors"), "{said}");
    }

    let Some(mail) = read_mail(house, &house.received().mail(&mails[0])) else { return };
    assert_eq!(mail["archive_name"], "IHE_XDM.zip");
    for wanted in ["INDEX.HTM", "README.TXT", "IHE_XDM/SUBSET01/METADATA.XML"] {
        assert!(mail["names"].as_array().unwrap().iter().any(|n| n == wanted), "{wanted}: {}", mail["names"]);
    }
    match mail["metadata"].as_str() {
        Some("valid") => {}
        Some("not checked") => tools::skip("METADATA.XML", mail["why"].as_str().unwrap_or_default()),
        _ => panic!("METADATA.XML: {mail}"),
    }
    assert_eq!(mail["pdf_attached_is_pdf_archived"], true, "{mail}");
    match mail["pdf_text"].as_str() {
        None => tools::skip("values of the PDF", "pdftotext is not installed"),
        Some(text) => {
            // Every value of the CDA of the archive, as people write it, in the PDF beside it.
            let values = mail["cda_values"].as_array().unwrap();
            assert!(values.len() >= sent.count(), "{values:?}");
            for value in values.iter().map(|v| v.as_str().unwrap()) {
                let shown = value.replace('.', ",");
                assert!(
                    text.split_whitespace().any(|w| w == shown),
                    "« {shown} » is not in the PDF:\n{text}"
                );
            }
        }
    }
}

fn messages(c: &mut Client) -> Vec<MessageView> {
    c.ok::<InboxList>(&ListParams { all: true, limit: None }).messages
}

#[test]
fn a_message_that_finds_no_place_is_kept_shown_and_read_again() {
    let house = House::open();
    let mut c = house.client();
    let mllp = house.mllp();

    // Not HL7 at all: kept as it came, answered as an error, visible by command line.
    let ack = send(&mllp, b"\xff\xfe this is not HL7");
    assert_eq!(acknowledged(&ack).0, "AE", "{ack}");
    // A tube that nobody knows yet.
    let future = oru("MW-7", &[("26999999901", &[("K", "4.4", "mmol/L")])]);
    assert_eq!(acknowledged(&send(&mllp, &future)), ("AA".into(), "MW-7".into()));
    let listed = house.cli(&["inbox", "list"]).good();
    assert!(listed.contains("illisible") && listed.contains("à rapprocher"), "{listed}");

    // A dossier whose tube exists, with a code that the catalogue does not know and one that it knows.
    let person = &lab::people()[0];
    let patient = lab::register(&mut c, &person.typed()).id;
    let by = lab::prescriber(&mut c, "dr.roux");
    let dossier = lab::dossier(&mut c, patient, &["K"], by).id;
    let tube = lab::tubes(&mut c, dossier).remove(0);
    let wrong = oru("MW-8", &[(&tube, &[("K", "4.5", "mmol/L"), ("ZZZ", "1", "mmol/L")])]);
    assert_eq!(acknowledged(&send(&mllp, &wrong)).0, "AA");
    assert_eq!(lab::results(&lab::view(&mut c, dossier))["K"].shown, "4,5", "what is known is filed");
    let unmatched = messages(&mut c).into_iter().find(|m| m.dossiers == [dossier]).unwrap();
    assert_eq!(unmatched.state, InboxState::Unmatched);
    assert!(unmatched.why.unwrap().contains("ZZZ"), "the code without a place is named");

    // A message that came before its dossier finds its place when read again.
    let early = oru("MW-9", &[(&next_tube(&tube), &[("NA", "141", "mmol/L")])]);
    assert_eq!(acknowledged(&send(&mllp, &early)).0, "AA");
    let waiting = messages(&mut c).into_iter().next().unwrap();
    assert_eq!(waiting.state, InboxState::Unmatched, "{waiting:?}");
    assert!(waiting.why.as_ref().unwrap().contains("aucun dossier ne porte le tube"), "{waiting:?}");
    let late = lab::dossier(&mut c, patient, &["NA"], by).id;
    assert_eq!(lab::tubes(&mut c, late), [next_tube(&tube)]);
    let replayed = c.ok::<InboxReplay>(&InboxRef { id: waiting.id });
    assert_eq!((replayed.state, replayed.dossiers), (InboxState::Filed, vec![late]));
    assert_eq!(lab::results(&lab::view(&mut c, late))["NA"].shown, "141");
    // A second replay changes nothing.
    let version = lab::view(&mut c, late).version;
    c.ok::<InboxReplay>(&InboxRef { id: waiting.id });
    assert_eq!(lab::view(&mut c, late).version, version);

    // What came is kept whole.
    let unreadable = messages(&mut c).into_iter().find(|m| m.state == InboxState::Unreadable).unwrap();
    assert!(c.ok::<InboxGet>(&InboxRef { id: unreadable.id }).text.contains("this is not HL7"));
}

/// The number of the first tube of the next dossier: the digits of a dossier, then the rank of the tube.
fn next_tube(tube: &str) -> String {
    let (dossier, rank) = tube.split_at(tube.len() - 2);
    format!("{:0width$}{rank}", dossier.parse::<u64>().unwrap() + 1, width = dossier.len())
}

#[test]
fn a_repeated_control_id_gets_the_same_answer_and_files_nothing_twice() {
    let house = House::open();
    let mut c = house.client();
    let mllp = house.mllp();
    let patient = lab::register(&mut c, &lab::people()[0].typed()).id;
    let by = lab::prescriber(&mut c, "dr.roux");
    let dossier = lab::dossier(&mut c, patient, &["K"], by).id;
    let tube = lab::tubes(&mut c, dossier).remove(0);
    let message = oru("MW-77", &[(&tube, &[("K", "3.9", "mmol/L")])]);
    let first = send(&mllp, &message);
    let before = (lab::view(&mut c, dossier), messages(&mut c));
    let second = send(&mllp, &message);
    assert_eq!(acknowledged(&first), acknowledged(&second));
    assert_eq!(acknowledged(&second), ("AA".into(), "MW-77".into()));
    assert_eq!((lab::view(&mut c, dossier), messages(&mut c)), before, "nothing was filed nor kept twice");
    // The value was corrected by hand meanwhile: a late repetition does not undo it.
    lab::enter(&mut c, dossier, "K", "4,0");
    assert_eq!(acknowledged(&send(&mllp, &message)).0, "AA");
    assert_eq!(lab::results(&lab::view(&mut c, dossier))["K"].shown, "4,0");
}
