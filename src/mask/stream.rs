//! One stream of bytes on its way through the masks.

use super::buffer::Buffer;
use super::column::Columns;
use super::cover::Cover;
use super::masks::{Masks, SeedTable};
use super::matcher::Matcher;
use super::track::Raw;
use super::view::View;
use super::word::WordFinder;

/// What stands in a masked value's place.
pub(super) const STARS: &[u8] = b"***";

/// So many bytes are looked at at once, so that what is remembered of them stays in the processor's cache.
const PIECE: usize = 32 << 10;

/// What is remembered from one piece of input to the next.
///
/// Places count from the beginning of `text`.
pub(super) struct Stream {
    /// The last bytes: all that can become part of a value, and what stands before it.
    text: Buffer<u8>,
    /// Up to where the text is shown, or stars in its place.
    shown: usize,
    /// Whether the output ends in stars, so that a value that follows at once shows no others.
    is_starred: bool,
    /// What is covered beyond `shown`.
    cover: Cover,
    view: View,
    skeleton: Matcher,
    raw: Matcher,
    words: WordFinder,
    columns: Columns,
}

/// For how long what can become a value is held.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wait {
    /// More is ready.
    Long,
    /// The input has paused.
    Short,
    /// It has paused for long.
    Not,
}

impl Stream {
    pub(super) fn new() -> Self {
        Self {
            text: Buffer::new(),
            shown: 0,
            is_starred: false,
            cover: Cover::default(),
            view: View::new(),
            skeleton: Matcher::new(SeedTable::View),
            raw: Matcher::new(SeedTable::Raw),
            words: WordFinder::default(),
            columns: Columns::new(),
        }
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, masks: &Masks, input: &[u8], out: &mut Vec<u8>) {
        for piece in input.chunks(PIECE) {
            self.text.extend(piece);
            self.advance(masks, false);
            self.show(masks, Wait::Long, out);
        }
    }

    /// The input has paused: shows all but what has become a good part of a value.
    pub(super) fn pause(&mut self, masks: &Masks, out: &mut Vec<u8>) {
        self.advance(masks, false);
        self.show(masks, Wait::Short, out);
    }

    /// The input has paused for long: shows all that is held.
    pub(super) fn silence(&mut self, masks: &Masks, out: &mut Vec<u8>) {
        self.advance(masks, false);
        self.show(masks, Wait::Not, out);
    }

    /// Ends the stream, and begins another.
    pub(super) fn finish(&mut self, masks: &Masks, out: &mut Vec<u8>) {
        self.advance(masks, true);
        self.settle(self.text.len(), out);
        *self = Self::new();
    }

    /// How many bytes aren't shown.
    pub(super) fn held(&self) -> usize {
        self.text.len().saturating_sub(self.shown)
    }

    /// Looks at what is new.
    fn advance(&mut self, masks: &Masks, is_end: bool) {
        let Self { text, cover, view, .. } = self;
        view.advance(text, is_end);
        self.skeleton.advance(masks, &view.track(text), is_end, cover);
        self.raw.advance(masks, &Raw(text), is_end, cover);
        self.words.advance(&masks.words, text, is_end, cover);
        self.columns.advance(masks, text, is_end, cover);
    }

    /// Shows what may be shown, and forgets what isn't needed.
    fn show(&mut self, masks: &Masks, wait: Wait, out: &mut Vec<u8>) {
        let Self { text, cover, view, skeleton, raw, words, columns, .. } = self;
        let track = view.track(text);
        let needed = skeleton.needed(&track).min(raw.needed(&Raw(text))).min(words.needed()).min(columns.needed(text));
        let limit = match wait {
            Wait::Long => {
                let limit = skeleton.live(masks, &track).min(raw.live(masks, &Raw(text)));
                limit.min(words.live()).min(columns.needed(text))
            }
            Wait::Short => {
                let limit = skeleton.paused(masks, &track).min(raw.paused(masks, &Raw(text)));
                let limit = limit.min(columns.paused(masks, text));
                limit.min(words.pause(&masks.words, text, 2, cover))
            }
            Wait::Not => {
                words.pause(&masks.words, text, usize::MAX, cover);
                text.len()
            }
        };
        self.settle(limit, out);
        // A unit depends on the byte before it.
        let gone = needed.min(self.shown).saturating_sub(1);
        if gone > 0 {
            self.forget(gone);
        }
    }

    /// Gives out everything up to a place, with stars for what is covered.
    fn settle(&mut self, limit: usize, out: &mut Vec<u8>) {
        for range in self.cover.take(limit) {
            if range.end <= self.shown {
                continue;
            }
            if range.start > self.shown {
                out.extend_from_slice(&self.text[self.shown..range.start]);
                self.is_starred = false;
            }
            if !self.is_starred {
                out.extend_from_slice(STARS);
                self.is_starred = true;
            }
            self.shown = range.end;
        }
        if limit > self.shown {
            out.extend_from_slice(&self.text[self.shown..limit]);
            self.is_starred = false;
            self.shown = limit;
        }
    }

    fn forget(&mut self, bytes: usize) {
        let length = self.text.len();
        self.text.keep(bytes..length);
        self.shown -= bytes;
        self.cover.forget(bytes);
        let chars = self.view.forget(bytes);
        self.skeleton.forget(chars, bytes);
        self.raw.forget(bytes, bytes);
        self.words.forget(bytes);
        self.columns.forget(bytes);
    }
}
