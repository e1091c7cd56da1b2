//! Traits carried by an INS datamatrix (spec: ANS "Datamatrix INS"), enough to prefill the form.
//!
//! The daemon reads the whole code, key check included, when it is searched; here only what a new
//! patient's form needs. Tags `S1`…`S7`, in any order; fixed lengths for S1, S5, S6, S7; the others end
//! at a group separator (byte 1D, or its usual literal forms) or, when a scanner lost it, at the next tag.

/// Header: `IS`, version `01`, 22 zeros.
const HEADER: usize = 26;

/// What the form can take from a code.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Traits {
    /// Nom de naissance.
    pub birth_name: String,
    /// Prénoms, space separated.
    pub given_names: String,
    /// `M` or `F`.
    pub sex: String,
    /// `JJ/MM/AAAA`.
    pub birth_date: String,
    /// Code of the place of birth.
    pub birth_place: String,
}

/// Reads a code; `None` when it is not an INS datamatrix.
pub fn read(code: &str) -> Option<Traits> {
    let code = code.replace("<GS>", "\u{1d}").replace("^]", "\u{1d}");
    if !code.starts_with("IS01") {
        return None;
    }
    let mut rest = code.get(HEADER..)?;
    let mut traits = Traits::default();
    while let (Some(tag), Some(body)) = (rest.get(..2), rest.get(2..)) {
        let (value, next) = match tag {
            "S1" => cut(body, 15),
            "S5" => cut(body, 1),
            "S6" => cut(body, 10),
            "S7" => cut(body, 5),
            _ => variable(body),
        };
        match tag {
            "S3" => traits.given_names = value.to_owned(),
            "S4" => traits.birth_name = value.to_owned(),
            "S5" => traits.sex = value.to_owned(),
            "S6" => traits.birth_date = value.replace('-', "/"),
            "S7" => traits.birth_place = value.to_owned(),
            _ => {}
        }
        rest = next.trim_start_matches('\u{1d}');
    }
    (!traits.birth_name.is_empty()).then_some(traits)
}

fn cut(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Up to the separator; names hold no digit, so a tag inside is recognised when the separator was lost.
fn variable(body: &str) -> (&str, &str) {
    let separator = body.find('\u{1d}').unwrap_or(body.len());
    let tag = body.as_bytes().windows(2).position(|w| matches!(w, [b'S', b'1'..=b'7']));
    cut(body, tag.map_or(separator, |t| t.min(separator)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = "IS010000000000000000000000S1278059999904242S21.2.250.1.213.1.4.8\u{1d}S3ANNE-MARIE ODETTE\u{1d}S4D'EXEMPLE DUPONT\u{1d}S5FS614-05-1978S799100";

    fn expected() -> Traits {
        Traits {
            birth_name: "D'EXEMPLE DUPONT".into(),
            given_names: "ANNE-MARIE ODETTE".into(),
            sex: "F".into(),
            birth_date: "14/05/1978".into(),
            birth_place: "99100".into(),
        }
    }

    #[test]
    fn ux_08_a_datamatrix_gives_its_traits() {
        assert_eq!(read(CODE), Some(expected()));
    }

    #[test]
    fn lost_or_translated_separators_are_recovered() {
        assert_eq!(read(&CODE.replace('\u{1d}', "")), Some(expected()));
        assert_eq!(read(&CODE.replace('\u{1d}', "<GS>")), Some(expected()));
    }

    #[test]
    fn anything_else_is_refused_without_panic() {
        for code in ["", "IS01", "IS01é0000000000000000000000S", "26-118204", "IS010000000000000000000000S6é"]
        {
            assert_eq!(read(code), None);
        }
    }
}
