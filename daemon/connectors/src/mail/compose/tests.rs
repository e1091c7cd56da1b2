use super::*;
use jiff::civil::date;
use std::io::Write as _;
use std::process::{Command, Stdio};

fn draft() -> MailDraft {
    MailDraft {
        message_id: "<8b1f5a8e-0001@lbm-des-charmes.mssante.example>".into(),
        date: "2026-05-18T07:30:00Z".parse().unwrap(),
        from: MailAddress {
            label: Some("Laboratoire des Charmes – résultats".into()),
            address: "resultats@lbm-des-charmes.mssante.example".into(),
        },
        to: vec![MailAddress::bare("anne.presc@medecin.mssante.example")],
        reply_to: Some(MailAddress::bare("secretariat@lbm-des-charmes.mssante.example")),
        subject: xdm_subject("CR d'examens biologiques", "VIAL", "PAUL", Some(date(1978, 11, 26))),
        body: "Bonjour,\nveuillez trouver le compte rendu de M. Vial, prélevé à Tours.\n".into(),
        nil: "0000-PAILLASSE-1".into(),
        close_exchange: false,
        ask_read_receipt: true,
        ask_delivery_receipt: true,
        in_reply_to: None,
        references: vec![],
        xdm: Some(XdmAttachment {
            zip: b"PK\x05\x06".repeat(40),
            cda_codes: vec!["11502-2".into()],
            qualified_ins: true,
        }),
        attachments: vec![Attachment {
            name: "20260518_CR d'examens biologiques_VIAL_Noël_12.pdf".into(),
            media_type: "application/pdf".into(),
            bytes: (0..=255).collect(),
        }],
    }
}

/// What Python's standard mail reader understands of `bytes`, one line per question.
fn python(bytes: &[u8], questions: &[&str]) -> Option<Vec<String>> {
    let mut script = "import sys, email, email.policy\n\
        m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)\n\
        parts = list(m.iter_attachments()) if m.is_multipart() else []\n"
        .to_owned();
    for question in questions {
        script.push_str(&format!("print({question})\n"));
    }
    let child =
        Command::new("python3").args(["-c", &script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let Ok(mut child) = child else {
        println!("skipped: no python3 on this machine");
        return None;
    };
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
}

#[test]
fn mss_05_another_reader_finds_archive_and_pdf_unchanged() {
    let mail = compose(&draft()).unwrap();
    let Some(seen) = python(
        &mail.bytes,
        &[
            "m.get_content_type(), m.get_body(('plain',)).get_content_charset()",
            "repr(m.get_body(('plain',)).get_content())",
            "[(p.get_content_type(), p.get_filename(), p['Content-Transfer-Encoding']) for p in parts]",
            "parts[0].get_content() == b'PK\\x05\\x06' * 40, parts[1].get_content() == bytes(range(256))",
            "m.defects, [p.defects for p in m.walk()]",
        ],
    ) else {
        return;
    };
    assert_eq!(
        seen[0],
        "('multipart/mixed', 'utf-8')".replace("('", "").replace("', '", " ").replace("')", "")
    );
    assert!(seen[1].contains("prélevé à Tours."), "{}", seen[1]);
    // This reader stops at the first of the two names; `filename*` is checked on the bytes elsewhere.
    assert_eq!(
        seen[2],
        "[('application/zip', 'IHE_XDM.zip', 'base64'), \
         ('application/pdf', \"20260518_CR d'examens biologiques_VIAL_Noel_12.pdf\", 'base64')]"
    );
    assert_eq!(seen[3], "True True");
    assert_eq!(seen[4], "[] [[], [], [], []]");
}

#[test]
fn mss_10_11_13_15_16_27_headers_say_what_the_contract_wants() {
    let mut reply = draft();
    reply.in_reply_to = Some("<first@x.example>".into());
    reply.references = vec!["<first@x.example>".into(), "<second@x.example>".into()];
    reply.close_exchange = true;
    let mail = compose(&reply).unwrap();
    let names = [
        "Subject",
        "From",
        "To",
        "Reply-To",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "X-MSS-NIL",
        "X-MSS-CODECDA",
        "X-MSS-INS",
        "X-MSS-MES",
        "Disposition-Notification-To",
        "Return-Receipt-To",
        "MIME-Version",
    ];
    let questions: Vec<String> = names.iter().map(|name| format!("m['{name}']")).collect();
    let questions: Vec<&str> = questions.iter().map(String::as_str).collect();
    let Some(seen) = python(&mail.bytes, &questions) else { return };
    assert_eq!(
        seen,
        [
            "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978",
            "Laboratoire des Charmes – résultats <resultats@lbm-des-charmes.mssante.example>",
            "anne.presc@medecin.mssante.example",
            "secretariat@lbm-des-charmes.mssante.example",
            "Mon, 18 May 2026 07:30:00 +0000",
            "<8b1f5a8e-0001@lbm-des-charmes.mssante.example>",
            "<first@x.example>",
            "<first@x.example> <second@x.example>",
            "0000-PAILLASSE-1",
            "11502-2",
            "O",
            "FIN",
            "resultats@lbm-des-charmes.mssante.example",
            "resultats@lbm-des-charmes.mssante.example",
            "1.0",
        ]
    );
}

#[test]
fn mss_11_statistics_of_a_cda_only_with_a_cda() {
    let plain = MailDraft {
        xdm: None,
        attachments: vec![],
        ask_read_receipt: false,
        ask_delivery_receipt: false,
        reply_to: None,
        subject: "Rendez-vous".into(),
        ..draft()
    };
    let text = String::from_utf8(compose(&plain).unwrap().bytes).unwrap();
    assert!(text.contains("X-MSS-NIL: 0000-PAILLASSE-1\r\n"));
    for absent in
        ["X-MSS-CODECDA", "X-MSS-INS", "X-MSS-MES", "Disposition", "Return-Receipt", "multipart", "Reply-To"]
    {
        assert!(!text.contains(absent), "{absent}");
    }
    let mut unqualified = draft();
    unqualified.xdm.as_mut().unwrap().qualified_ins = false;
    let text = String::from_utf8(compose(&unqualified).unwrap().bytes).unwrap();
    assert!(text.contains("X-MSS-INS: N\r\n"));
}

#[test]
fn mss_40_the_same_draft_gives_the_same_bytes_fit_for_any_relay() {
    let mut long = draft();
    long.body = format!("{}\nœuf\r\n.\n{}", "x".repeat(3000), "é".repeat(900));
    let first = compose(&long).unwrap();
    assert_eq!(first, compose(&long).unwrap());
    assert!(first.bytes.is_ascii());
    for line in first.bytes.split(|b| *b == b'\n') {
        assert!(line.len() <= 998 && !line.strip_suffix(b"\r").unwrap_or(line).contains(&b'\r'));
    }
    assert_eq!(first.bytes.windows(2).filter(|w| w[1] == b'\n' && w[0] != b'\r').count(), 0);
}

#[test]
fn mss_10_subject_follows_the_official_examples() {
    let subject =
        |label: &str, family: &str, given: &str| xdm_subject(label, family, given, Some(date(1978, 11, 26)));
    assert_eq!(
        subject("CR d'examens biologiques", "VIAL", "PAUL"),
        "XDM/1.0/DDM+CR d'examens biologiques VIAL Paul 26/11/1978"
    );
    assert_eq!(
        subject("2 documents", "D'ARTAGNAN", "PIERRE-ALAIN"),
        "XDM/1.0/DDM+2 documents D'ARTAGNAN Pierre-Alain 26/11/1978"
    );
    assert_eq!(xdm_subject(&"é".repeat(50), "X", "Y", None), format!("XDM/1.0/DDM+{} X Y", "é".repeat(40)));
    let long = subject("CR", &"N".repeat(100), &"P".repeat(100));
    assert_eq!((long.chars().count(), long.ends_with(" 26/11/1978")), (150, true));
    assert_eq!(xdm_subject("CR\r\nBcc: x", "A", "B", None), "XDM/1.0/DDM+CR  Bcc: x A B");
}

#[test]
fn what_could_forge_a_header_or_lose_the_mail_is_refused() {
    let refused = |change: fn(&mut MailDraft)| {
        let mut draft = draft();
        change(&mut draft);
        compose(&draft).unwrap_err()
    };
    assert_eq!(
        refused(|d| d.message_id = "no brackets@x".into()),
        ComposeError::MessageId { field: "Message-ID" }
    );
    assert_eq!(
        refused(|d| d.message_id = "<a\r\nb@x>".into()),
        ComposeError::MessageId { field: "Message-ID" }
    );
    assert_eq!(
        refused(|d| d.references = vec!["<a@b> <c@d>".into()]),
        ComposeError::MessageId { field: "References" }
    );
    assert_eq!(
        refused(|d| d.subject = "a\r\nBcc: b@c".into()),
        ComposeError::HeaderValue { field: "Subject" }
    );
    assert_eq!(refused(|d| d.nil = " ".into()), ComposeError::HeaderValue { field: "X-MSS-NIL" });
    assert_eq!(refused(|d| d.from.label = None), ComposeError::NoLabel);
    assert_eq!(refused(|d| d.from.label = Some("a\nb".into())), ComposeError::HeaderValue { field: "From" });
    assert_eq!(refused(|d| d.to.clear()), ComposeError::NoRecipient);
    assert_eq!(refused(|d| d.to[0].address = "a@b\r\nRCPT".into()), ComposeError::Address { field: "To" });
    assert_eq!(refused(|d| d.to[0].address = "é@b.example".into()), ComposeError::Address { field: "To" });
    assert_eq!(
        refused(|d| d.xdm.as_mut().unwrap().cda_codes.clear()),
        ComposeError::HeaderValue { field: "X-MSS-CODECDA" }
    );
    assert_eq!(refused(|d| d.attachments[0].media_type = "pdf".into()), ComposeError::MediaType { index: 0 });
}

#[test]
fn a_file_name_cannot_break_out_of_its_header() {
    let mut tricky = draft();
    tricky.attachments[0].name = "../a\"\r\nX: y\\b€ŒÉ.pdf".into();
    let text = String::from_utf8(compose(&tricky).unwrap().bytes).unwrap();
    assert!(
        text.contains(
            "filename=\"..aX yb_OEE.pdf\";\r\n filename*=UTF-8''..aX%20yb%E2%82%AC%C5%92%C3%89.pdf\r\n"
        ),
        "{text}"
    );
}
