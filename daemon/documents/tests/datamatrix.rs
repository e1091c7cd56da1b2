//! The INS datamatrix: what is written, and what the reader makes of real scanners.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use paillasse_documents::datamatrix::{
    DatamatrixError, GS, HEADER, MAX_INPUT, encode_ins, parse_ins, symbol,
};
use paillasse_shared::domain::identity::{BirthDate, CogCode, InsNature, InsOid, Matricule, Sex};
use proptest::prelude::*;

fn example(oid: InsOid) -> String {
    encode_ins(
        &Matricule::parse("278059999904242").unwrap(),
        oid,
        "ANNE-MARIE ODETTE",
        "D'EXEMPLE DUPONT",
        Sex::F,
        &BirthDate::lunar("1978-05-14").unwrap(),
        Some("99100"),
    )
}

#[test]
fn ins_16_the_payload_is_the_published_form() {
    let expected = "IS010000000000000000000000S1278059999904242S21.2.250.1.213.1.4.8\u{1d}S3ANNE-MARIE ODETTE\u{1d}\
                    S4D'EXEMPLE DUPONT\u{1d}S5FS614-05-1978S799100";
    assert_eq!(example(InsOid::Nir), expected);
    assert_eq!(expected.len(), 126);
    // An OID of 20 characters fills its field: no separator.
    assert!(example(InsOid::NirTest).contains("S21.2.250.1.213.1.4.10S3ANNE"));
}

#[test]
fn a_name_of_full_length_has_no_separator_and_a_longer_one_is_cut() {
    let long = "A".repeat(130);
    let m = Matricule::parse("278059999904242").unwrap();
    let date = BirthDate::lunar("1978-05-14").unwrap();
    let payload = encode_ins(&m, InsOid::Nir, "ANNE", &long, Sex::F, &date, None);
    assert!(payload.ends_with(&format!("S4{}S5FS614-05-1978", "A".repeat(100))), "{payload}");
    assert_eq!(parse_ins(&payload).unwrap().birth_name.len(), 100);
}

#[test]
fn what_is_written_is_read() {
    for oid in [InsOid::Nir, InsOid::Nia, InsOid::NirTest, InsOid::NirDemo] {
        let read = parse_ins(&example(oid)).unwrap();
        assert_eq!(read.matricule.compact(), "278059999904242");
        assert_eq!(read.oid, oid);
        assert_eq!(
            (read.given_names.as_str(), read.birth_name.as_str()),
            ("ANNE-MARIE ODETTE", "D'EXEMPLE DUPONT")
        );
        assert_eq!((read.sex, read.birth_date.iso().as_str()), (Sex::F, "1978-05-14"));
        assert_eq!(read.birth_place, Some(CogCode::parse("99100").unwrap()));
    }
    assert_eq!(parse_ins(&example(InsOid::Nia)).unwrap().oid.nature(), InsNature::Nia);
}

#[test]
fn the_symbol_decodes_to_the_payload() {
    let payload = example(InsOid::Nir);
    let drawn = symbol(&payload).unwrap();
    let read = ::datamatrix::DataMatrix::decode(drawn.modules(), drawn.size()).unwrap();
    assert_eq!(read, payload.as_bytes());
    assert!(drawn.is_dark(0, drawn.size() - 1) && !drawn.is_dark(drawn.size(), 0));
}

#[test]
fn separators_that_scanners_alter_or_lose_are_recovered() {
    let payload = example(InsOid::Nir);
    let wanted = parse_ins(&payload).unwrap();
    for replacement in ["<GS>", "[GS]", "^]", "\\x1d", "{GS}", ""] {
        let scanned = payload.replace(GS, replacement);
        assert_eq!(parse_ins(&scanned).unwrap(), wanted, "{replacement:?}");
    }
    for around in
        [format!("]d1{payload}"), format!("{payload}\r\n"), format!("{payload}{GS}"), payload.to_lowercase()]
    {
        assert_eq!(parse_ins(&around).unwrap(), wanted, "{around:?}");
    }
}

#[test]
fn fields_in_any_order_and_a_last_name_without_separator_are_read() {
    let shuffled = format!(
        "{HEADER}S799100S5FS614-05-1978S21.2.250.1.213.1.4.8{GS}S1278059999904242S3ANNE-MARIE ODETTE{GS}S4D'EXEMPLE DUPONT"
    );
    assert_eq!(parse_ins(&shuffled).unwrap(), parse_ins(&example(InsOid::Nir)).unwrap());
}

#[test]
fn ins_10_a_wrong_key_is_refused() {
    let wrong = example(InsOid::Nir).replace("278059999904242", "278059999904243");
    assert!(matches!(parse_ins(&wrong), Err(DatamatrixError::Matricule(_))));
}

#[test]
fn each_fault_has_its_sentence() {
    let good = example(InsOid::Nir);
    let cases = [
        ("", DatamatrixError::Header),
        ("0123456789", DatamatrixError::Header),
        (&good.replace("IS01", "IS02"), DatamatrixError::Version("02".into())),
        (&good.replace("IS01", "ISà&"), DatamatrixError::KeyboardLayout),
        (&good.replace("S5F", "S5I"), DatamatrixError::Field("S5 (sexe)")),
        (&good.replace(".4.8", ".4.7"), DatamatrixError::Field("S2 (OID)")),
        (&good.replace("14-05-1978", "1978051414"), DatamatrixError::Field("S6 (date de naissance)")),
        (&good.replace("S5F", ""), DatamatrixError::MissingField("S5 (sexe)")),
        (&format!("{good}{GS}S5F"), DatamatrixError::Repeated("S5".into())),
        (&format!("{good}X"), DatamatrixError::Field("inconnu")),
        (&"I".repeat(MAX_INPUT + 1), DatamatrixError::TooLong),
    ];
    for (scanned, expected) in cases {
        assert_eq!(parse_ins(scanned).unwrap_err(), expected, "{scanned:?}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(tail in ".{0,300}", cut in 0usize..200) {
        let _ = parse_ins(&tail);
        let _ = parse_ins(&format!("{HEADER}{tail}"));
        let payload = example(InsOid::Nir);
        let kept: String = payload.chars().take(cut).chain(tail.chars()).collect();
        let _ = parse_ins(&kept);
    }
}
