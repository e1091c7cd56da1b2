//! One line of editable text: cursor by grapheme, undo and redo, and a view that follows the cursor.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Longest text of a field, in bytes; a paste beyond it is cut.
const LONGEST: usize = 2048;
/// How many steps back a field remembers.
const UNDO_DEPTH: usize = 50;

/// Editing operations of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edit {
    /// Cursor left.
    Left,
    /// Cursor right.
    Right,
    /// Cursor to the start.
    Start,
    /// Cursor to the end.
    End,
    /// Remove the character before the cursor.
    Backspace,
    /// Remove the character under the cursor.
    Delete,
    /// Remove the word before the cursor.
    DeleteWord,
    /// Remove everything.
    Clear,
    /// Take back the last change.
    Undo,
    /// Do it again.
    Redo,
}

/// A text field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Field {
    text: String,
    /// Byte offset, always on a grapheme boundary.
    cursor: usize,
    /// The text as a whole gives way to what is typed next; moving the cursor ends that.
    whole: bool,
    undo: Vec<String>,
    redo: Vec<String>,
}

impl Field {
    /// A field with a text, cursor at its end.
    pub fn with(text: &str) -> Self {
        Field { text: text.to_owned(), cursor: text.len(), ..Field::default() }
    }

    /// A field whose text gives way as a whole to what is typed: a value is replaced, never added to by surprise.
    pub fn replaceable(text: &str) -> Self {
        Field { whole: !text.is_empty(), ..Self::with(text) }
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether there is nothing but spaces.
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Replaces the text; undo brings the former one back.
    pub fn set(&mut self, text: &str) {
        self.remember();
        self.text = text.to_owned();
        self.cursor = self.text.len();
    }

    /// Inserts at the cursor; control characters (a pasted line end) become spaces.
    pub fn insert(&mut self, text: &str) {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.text.len() + clean.len() > LONGEST || clean.is_empty() {
            return;
        }
        self.remember();
        self.give_way();
        self.text.insert_str(self.cursor, &clean);
        self.cursor += clean.len();
        // A combining accent typed after its letter joins it: keep the cursor on a boundary.
        if !self.boundary(self.cursor) {
            self.cursor = self.next(self.cursor);
        }
    }

    /// Inserts a scanned code, control characters kept.
    pub fn insert_code(&mut self, code: &str) {
        if code.len() <= LONGEST {
            self.remember();
            self.give_way();
            self.text.insert_str(self.cursor, code);
            self.cursor += code.len();
        }
    }

    /// Empties a text that gives way to what is typed.
    fn give_way(&mut self) {
        if std::mem::take(&mut self.whole) {
            self.text.clear();
            self.cursor = 0;
        }
    }

    /// Takes back the last `count` characters before the cursor (echo of a scan).
    pub fn take_back(&mut self, count: usize) {
        for _ in 0..count {
            self.apply(Edit::Backspace);
        }
    }

    /// Applies an editing operation; true when the text changed.
    pub fn apply(&mut self, edit: Edit) -> bool {
        let before = self.text.clone();
        let whole = std::mem::take(&mut self.whole);
        match edit {
            Edit::Backspace | Edit::Delete | Edit::DeleteWord if whole => self.cut(0, self.text.len()),
            Edit::Left => self.cursor = self.previous(self.cursor),
            Edit::Right => self.cursor = self.next(self.cursor),
            Edit::Start => self.cursor = 0,
            Edit::End => self.cursor = self.text.len(),
            Edit::Backspace => {
                let from = self.previous(self.cursor);
                self.cut(from, self.cursor);
            }
            Edit::Delete => {
                let to = self.next(self.cursor);
                self.cut(self.cursor, to);
            }
            Edit::DeleteWord => {
                let head = self.text.get(..self.cursor).unwrap_or_default();
                let from = head.trim_end().rfind([' ', '-', '/']).map_or(0, |i| i + 1);
                self.cut(from, self.cursor);
            }
            Edit::Clear => self.cut(0, self.text.len()),
            Edit::Undo => {
                if let Some(text) = self.undo.pop() {
                    self.redo.push(std::mem::replace(&mut self.text, text));
                    self.cursor = self.text.len();
                }
            }
            Edit::Redo => {
                if let Some(text) = self.redo.pop() {
                    self.undo.push(std::mem::replace(&mut self.text, text));
                    self.cursor = self.text.len();
                }
            }
        }
        before != self.text
    }

    /// The part to show in `width` columns and the cursor's column in it.
    pub fn window(&self, width: usize) -> (&str, usize) {
        let head = self.text.get(..self.cursor).unwrap_or_default();
        let mut start = 0;
        for (i, g) in head.grapheme_indices(true) {
            let rest = self.text.get(start..self.cursor).unwrap_or_default();
            if rest.width() < width {
                break;
            }
            start = i + g.len();
        }
        let shown = self.text.get(start..).unwrap_or_default();
        let column = self.text.get(start..self.cursor).unwrap_or_default().width();
        (shown, column)
    }

    fn remember(&mut self) {
        self.redo.clear();
        if self.undo.len() == UNDO_DEPTH {
            self.undo.remove(0);
        }
        self.undo.push(self.text.clone());
    }

    fn cut(&mut self, from: usize, to: usize) {
        if from < to {
            self.remember();
            self.text.replace_range(from..to, "");
            self.cursor = from;
        }
    }

    fn boundary(&self, at: usize) -> bool {
        at == 0 || at == self.text.len() || self.text.grapheme_indices(true).any(|(i, _)| i == at)
    }

    fn previous(&self, at: usize) -> usize {
        self.text.grapheme_indices(true).map(|(i, _)| i).take_while(|i| *i < at).last().unwrap_or(0)
    }

    fn next(&self, at: usize) -> usize {
        self.text.grapheme_indices(true).map(|(i, _)| i).find(|i| *i > at).unwrap_or(self.text.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn undo_and_redo_bring_text_back() {
        let mut f = Field::with("dupont");
        f.insert(" m");
        f.apply(Edit::Undo);
        assert_eq!(f.text(), "dupont");
        f.apply(Edit::Redo);
        assert_eq!(f.text(), "dupont m");
    }

    #[test]
    fn the_window_follows_the_cursor() {
        let mut f = Field::with("abcdefghij");
        assert_eq!(f.window(5), ("ghij", 4));
        f.apply(Edit::Start);
        assert_eq!(f.window(5), ("abcdefghij", 0));
    }

    #[test]
    fn a_word_goes_at_once() {
        let mut f = Field::with("dupont marie");
        f.apply(Edit::DeleteWord);
        assert_eq!(f.text(), "dupont ");
    }

    #[test]
    fn a_value_is_replaced_by_what_is_typed_over_it_and_edited_once_the_cursor_moved() {
        let mut f = Field::replaceable("4,2");
        f.insert("1");
        f.insert("40");
        assert_eq!(f.text(), "140");
        f.apply(Edit::Undo);
        f.apply(Edit::Undo);
        assert_eq!(f.text(), "4,2");
        let mut f = Field::replaceable("4,2");
        f.apply(Edit::Left);
        f.insert("1");
        assert_eq!(f.text(), "4,12");
        let mut f = Field::replaceable("4,2");
        f.apply(Edit::Backspace);
        assert_eq!(f.text(), "");
    }

    proptest! {
        #[test]
        fn any_editing_keeps_the_cursor_valid(text in "\\PC{0,20}", ops in proptest::collection::vec(0u8..10, 0..40), w in 1usize..30) {
            let mut f = Field::with(&text);
            for op in ops {
                let edit = [Edit::Left, Edit::Right, Edit::Start, Edit::End, Edit::Backspace, Edit::Delete,
                    Edit::DeleteWord, Edit::Clear, Edit::Undo, Edit::Redo][op as usize];
                f.apply(edit);
                f.insert("é");
                let (shown, column) = f.window(w);
                prop_assert!(column <= w.max(2) && shown.len() <= f.text().len());
                prop_assert!(f.text().is_char_boundary(f.cursor));
            }
        }
    }
}
