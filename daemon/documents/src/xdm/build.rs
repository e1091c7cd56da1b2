//! Building the archive.

use std::collections::BTreeSet;
use std::io::{Cursor, Write};

use paillasse_xml::escape;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use super::{METADATA_NAME, SUBSET};
use crate::xds::model::sha1_hex;
use crate::xds::write::xml_document;
use crate::xds::{Lot, submit_objects_request};

/// Who sends, for the pages a human reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    /// Laboratory.
    pub organisation: String,
    /// Person responsible.
    pub responsible: String,
    /// Postal address on one line.
    pub address: String,
    /// Telephone.
    pub phone: String,
}

/// Software that made the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Software {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Editor.
    pub vendor: String,
}

/// A file of the subset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XdmFile<'a> {
    /// Name in the subset, 8.3, upper case (`DOC00001.XML`).
    pub name: &'a str,
    /// What INDEX.HTM calls it.
    pub label: &'a str,
    /// Exact bytes.
    pub bytes: &'a [u8],
}

/// Everything an archive is made of.
#[derive(Debug, Clone)]
pub struct XdmInput<'a> {
    /// Metadata; each document has the URI of one of `files`. Other files (the PDF twin) stay out of the metadata.
    pub lot: &'a Lot,
    /// Files in the order of the archive.
    pub files: Vec<XdmFile<'a>>,
    /// Sender.
    pub sender: &'a Sender,
    /// Software.
    pub software: &'a Software,
}

/// Why an archive is not built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum XdmError {
    /// A name that is not 8.3 in upper-case letters, digits and underscores, or is reserved.
    #[error("file name {0:?} is not allowed in an XDM subset")]
    Name(String),
    /// Two files of one name.
    #[error("file name {0:?} given twice")]
    Duplicate(String),
    /// A document entry whose file is not given, or that has no URI.
    #[error("no file for document {0}")]
    NoFile(String),
    /// A file whose bytes do not have the hash and size of its entry.
    #[error("bytes of document {0} do not match its metadata")]
    Content(String),
    /// The archive could not be written.
    #[error("archive: {0}")]
    Zip(String),
}

/// The archive. Same input, same bytes: fixed order, fixed dates, fixed compression.
///
/// # Errors
/// See [`XdmError`].
pub fn build(input: &XdmInput<'_>) -> Result<Vec<u8>, XdmError> {
    check(input)?;
    let metadata = xml_document(&submit_objects_request(input.lot));
    let mut entries: Vec<(String, Vec<u8>)> = vec![
        ("README.TXT".to_owned(), readme(input).into_bytes()),
        ("INDEX.HTM".to_owned(), index(input).into_bytes()),
        (format!("{SUBSET}/{METADATA_NAME}"), metadata.into_bytes()),
    ];
    entries.extend(input.files.iter().map(|f| (format!("{SUBSET}/{}", f.name), f.bytes.to_vec())));
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(3))
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644);
    let failed = |e: &dyn std::fmt::Display| XdmError::Zip(e.to_string());
    for (name, bytes) in &entries {
        // The streams of a PDF are deflated already: a second time costs much and gains almost nothing.
        let options = match name.ends_with(".PDF") {
            true => options.compression_method(CompressionMethod::Stored).compression_level(None),
            false => options,
        };
        zip.start_file(name.as_str(), options).map_err(|e| failed(&e))?;
        zip.write_all(bytes).map_err(|e| failed(&e))?;
    }
    zip.finish().map(Cursor::into_inner).map_err(|e| failed(&e))
}

fn check(input: &XdmInput<'_>) -> Result<(), XdmError> {
    let mut names = BTreeSet::new();
    for file in &input.files {
        if !allowed(file.name) {
            return Err(XdmError::Name(file.name.to_owned()));
        }
        if !names.insert(file.name) {
            return Err(XdmError::Duplicate(file.name.to_owned()));
        }
    }
    for entry in input.lot.entries() {
        let file = input.files.iter().find(|f| Some(f.name) == entry.uri.as_deref());
        let file = file.ok_or_else(|| XdmError::NoFile(entry.symbol.clone()))?;
        if entry.size != file.bytes.len() as u64 || !entry.hash.eq_ignore_ascii_case(&sha1_hex(file.bytes)) {
            return Err(XdmError::Content(entry.symbol.clone()));
        }
    }
    Ok(())
}

/// ISO 9660 level 1: eight and three characters.
fn allowed(name: &str) -> bool {
    let part = |p: &str, max: usize| {
        (1..=max).contains(&p.len())
            && p.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    name != METADATA_NAME && name.split_once('.').is_some_and(|(stem, ext)| part(stem, 8) && part(ext, 3))
}

fn readme(input: &XdmInput<'_>) -> String {
    let (sender, software) = (input.sender, input.software);
    let mut lines = vec![
        "CONTENU DE L'ARCHIVE IHE_XDM".to_owned(),
        String::new(),
        "EMETTEUR".to_owned(),
        format!("Organisation : {}", ascii(&sender.organisation)),
        format!("Responsable  : {}", ascii(&sender.responsible)),
        format!("Adresse      : {}", ascii(&sender.address)),
        format!("Telephone    : {}", ascii(&sender.phone)),
        String::new(),
        "APPLICATION".to_owned(),
        format!("Nom     : {}", ascii(&software.name)),
        format!("Version : {}", ascii(&software.version)),
        format!("Editeur : {}", ascii(&software.vendor)),
        String::new(),
        "MODE D'EMPLOI".to_owned(),
        "Ouvrir INDEX.HTM dans un navigateur, ou importer le repertoire".to_owned(),
        "IHE_XDM dans un logiciel compatible IHE XDM.".to_owned(),
        String::new(),
        "ARBORESCENCE".to_owned(),
        "README.TXT".to_owned(),
        "INDEX.HTM".to_owned(),
        format!("{SUBSET}/{METADATA_NAME}"),
    ];
    lines.extend(input.files.iter().map(|f| format!("{SUBSET}/{}", f.name)));
    lines.iter().map(|l| format!("{l}\r\n")).collect()
}

fn index(input: &XdmInput<'_>) -> String {
    let sender = input.sender;
    let mut items = String::new();
    for file in &input.files {
        items.push_str(&format!(
            "<li><a href=\"{SUBSET}/{}\">{} ({})</a></li>\r\n",
            file.name,
            html(file.label),
            file.name
        ));
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n\
         <!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML Basic 1.0//EN\" \"http://www.w3.org/TR/xhtml-basic/xhtml-basic10.dtd\">\r\n\
         <html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"fr\">\r\n\
         <head><title>Documents de sant&#233;</title></head>\r\n<body>\r\n\
         <h1>Documents transmis par : {}</h1>\r\n<p>{} - {} - {}</p>\r\n<ul>\r\n{items}</ul>\r\n\
         <p><a href=\"README.TXT\">README</a></p>\r\n</body>\r\n</html>\r\n",
        html(&sender.organisation),
        html(&sender.responsible),
        html(&sender.address),
        html(&sender.phone),
    )
}

/// Escaped, and numeric references for all that is not ASCII: readable whatever charset a viewer assumes.
fn html(text: &str) -> String {
    escape::text(text)
        .chars()
        .map(|c| if c.is_ascii() { c.to_string() } else { format!("&#{};", u32::from(c)) })
        .collect()
}

/// README.TXT is ASCII: French letters lose their accents, line breaks become spaces, the rest a question mark.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            'à' | 'â' | 'ä' | 'á' | 'ã' => out.push('a'),
            'À' | 'Â' | 'Ä' | 'Á' | 'Ã' => out.push('A'),
            'ç' => out.push('c'),
            'Ç' => out.push('C'),
            'é' | 'è' | 'ê' | 'ë' => out.push('e'),
            'É' | 'È' | 'Ê' | 'Ë' => out.push('E'),
            'î' | 'ï' | 'í' => out.push('i'),
            'Î' | 'Ï' | 'Í' => out.push('I'),
            'ñ' => out.push('n'),
            'Ñ' => out.push('N'),
            'ô' | 'ö' | 'ó' | 'õ' => out.push('o'),
            'Ô' | 'Ö' | 'Ó' | 'Õ' => out.push('O'),
            'ù' | 'û' | 'ü' | 'ú' => out.push('u'),
            'Ù' | 'Û' | 'Ü' | 'Ú' => out.push('U'),
            'ÿ' => out.push('y'),
            'œ' => out.push_str("oe"),
            'Œ' => out.push_str("OE"),
            'æ' => out.push_str("ae"),
            'Æ' => out.push_str("AE"),
            '’' | '‘' => out.push('\''),
            '–' | '—' => out.push('-'),
            '\u{A0}' | '\u{202F}' => out.push(' '),
            c if c.is_control() => out.push(' '),
            c if c.is_ascii() => out.push(c),
            _ => out.push('?'),
        }
    }
    out
}
