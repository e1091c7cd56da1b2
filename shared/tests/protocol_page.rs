//! The list of requests in `docs/protocol.md` is that of the protocol. `PAILLASSE_WRITE=1` writes it anew.

use std::path::Path;

use paillasse_shared::protocol::methods::NAMES;

const BEGIN: &str = "<!-- requests: begin, written by shared/tests/protocol_page.rs -->\n";
const END: &str = "<!-- requests: end -->\n";

/// A line of the table of methods: `Variant = "name": Params => Result;`.
fn method(line: &str) -> Option<(&str, &str, &str)> {
    let (left, right) = line.trim().strip_suffix(';')?.split_once("\": ")?;
    let (params, result) = right.split_once(" => ")?;
    Some((left.split_once(" = \"")?.1, params, result))
}

fn table(source: &str) -> (Vec<String>, String) {
    let (mut names, mut doc) = (Vec::new(), Vec::new());
    let mut text =
        String::from("\n| request | what it does | parameters | result |\n| --- | --- | --- | --- |\n");
    for line in source.lines() {
        if let Some(words) = line.trim().strip_prefix("/// ") {
            doc.push(words);
            continue;
        }
        if let Some((name, params, result)) = method(line) {
            names.push(name.to_owned());
            text.push_str(&format!("| `{name}` | {} | `{params}` | `{result}` |\n", doc.join(" ")));
        }
        doc.clear();
    }
    text.push('\n');
    (names, text)
}

#[test]
fn the_page_lists_every_request() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(here.join("src/protocol/methods.rs")).unwrap();
    let (names, expected) = table(&source);
    assert_eq!(names, NAMES, "the table of methods is not read as the compiler reads it");
    let file = here.join("../docs/protocol.md");
    let page = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = page.split_once(BEGIN).expect("the mark of the beginning");
    let (found, after) = rest.split_once(END).expect("the mark of the end");
    if std::env::var_os("PAILLASSE_WRITE").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert!(
        found == expected,
        "docs/protocol.md does not list the requests of the protocol: run this test with PAILLASSE_WRITE=1"
    );
}
