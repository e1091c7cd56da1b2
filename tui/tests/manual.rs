//! The keys of the French manual are those of the command table and of the default key map.
//!
//! `PAILLASSE_WRITE=1` writes that part of `docs/manual.md` anew.

use std::path::Path;

use paillasse::command;
use paillasse::keymap::{Context, Keymap};

const BEGIN: &str = "<!-- touches : début, écrit par tui/tests/manual.rs -->\n";
const END: &str = "<!-- touches : fin -->\n";

/// Where the user is, in French; a place without name has no table of its own.
fn place(context: Context) -> &'static str {
    match context {
        Context::Global => "Partout",
        Context::List => "Dans une liste",
        Context::Text => "Dans un champ",
        Context::Home => "Recherche (premier écran)",
        Context::Form => "Formulaire",
        Context::Patient => "Fiche patient",
        Context::Compare => "Comparaison avec le retour INSi",
        Context::Register => "Enregistrement d'un dossier",
        Context::Choice => "Choix dans une liste courte",
        Context::Dossier => "Dossier et résultats",
        Context::Result => "Saisie d'un résultat",
        Context::Picker => "Choix dans le catalogue ou les correspondants",
        Context::Validation => "Dossiers à valider",
        Context::Review => "Validation d'un dossier",
        Context::Queue => "Envois",
        Context::Order => "Un envoi",
        Context::Inbox => "Messages d'automates",
        Context::Message => "Un message d'automate",
        Context::Pane => "Texte à lire",
        Context::Palette => "Palette (tout faire)",
        Context::Confirm => "Question",
        Context::Reason => "Question qui demande un motif",
    }
}

fn tables() -> String {
    let keymap = Keymap::standard();
    let mut text = String::new();
    for (context, _) in Context::ALL {
        let mut rows = Vec::new();
        for command in command::COMMANDS {
            let keys: Vec<String> = keymap
                .bindings()
                .filter(|(c, _, cmd)| c == context && *cmd == command.id)
                .map(|(_, key, _)| format!("`{key}`"))
                .collect();
            if !keys.is_empty() {
                rows.push(format!("| {} | {} | `{}` |\n", keys.join(" "), command.doc, command.name));
            }
        }
        if !rows.is_empty() {
            text.push_str(&format!(
                "\n### {}\n\n| touche | fait | commande |\n| --- | --- | --- |\n",
                place(*context)
            ));
            text.push_str(&rows.concat());
        }
    }
    let keyless: Vec<String> = command::COMMANDS
        .iter()
        .filter(|c| keymap.bindings().all(|(_, _, cmd)| cmd != c.id))
        .map(|c| format!("| {} | `{}` |\n", c.doc, c.name))
        .collect();
    if !keyless.is_empty() {
        text.push_str(
            "\n### Sans touche : par la palette (`Ctrl-P`)\n\n| fait | commande |\n| --- | --- |\n",
        );
        text.push_str(&keyless.concat());
    }
    text.push('\n');
    text
}

#[test]
fn the_manual_shows_the_keys_of_the_program() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/manual.md");
    let manual = std::fs::read_to_string(&file).unwrap();
    let (before, rest) = manual.split_once(BEGIN).expect("the mark of the beginning");
    let (found, after) = rest.split_once(END).expect("the mark of the end");
    let expected = tables();
    if std::env::var_os("PAILLASSE_WRITE").is_some() {
        std::fs::write(&file, format!("{before}{BEGIN}{expected}{END}{after}")).unwrap();
        return;
    }
    assert!(
        found == expected,
        "docs/manual.md does not show the keys of the program: run this test with PAILLASSE_WRITE=1"
    );
}
