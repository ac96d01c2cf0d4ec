//! All patterns as one automaton (Aho and Corasick's), in memory of our own that is wiped.
//!
//! A state stands for the longest end of the text so far that a pattern begins with. That is at once what a match
//! needs and what has to be held back, and a step costs the same however much the patterns overlap.

use zeroize::{Zeroize, Zeroizing};

use super::pattern::Pattern;

/// A state of the [`Automaton`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct State(u32);

/// Nothing of a pattern has been seen.
pub(super) const ROOT: State = State(0);

/// What is known in a state; nothing of a value's bytes.
struct Node {
    /// Its first child. The children of a node lie side by side, those of the next node follow.
    children: u32,
    /// The state of the longest shorter end of the same text.
    shorter: State,
    /// How many bytes of the text it stands for.
    depth: u32,
    /// The length of the longest pattern that ends here and is masked everywhere; 0 for none.
    ending: u32,
    /// The state of the longest pattern that ends here and is masked as a word; the root for none.
    word: State,
    /// Whether a longer pattern that is masked everywhere begins with it.
    begins_any: bool,
    /// Whether a longer pattern that is masked as a word begins with it.
    begins_word: bool,
    /// Whether a line break is in it.
    is_broken: bool,
}

/// The patterns, ready to be followed byte by byte.
pub(super) struct Automaton {
    nodes: Vec<Node>,
    /// The byte that leads to each node.
    labels: Zeroizing<Vec<u8>>,
    /// The root's children by their byte.
    first: Box<[State; 256]>,
    longest: usize,
}

impl Automaton {
    /// Takes patterns sorted and each once.
    pub(super) fn new(patterns: &[Pattern]) -> Self {
        let bytes: usize = patterns.iter().map(|pattern| pattern.bytes.len()).sum();
        let mut automaton = Self {
            nodes: vec![Node::new(0)],
            // Never grows, which would leave copies behind.
            labels: Zeroizing::new(Vec::with_capacity(bytes + 1)),
            first: Box::new([ROOT; 256]),
            longest: patterns.iter().map(|pattern| pattern.bytes.len()).max().unwrap_or_default(),
        };
        automaton.labels.push(0);
        let ends = automaton.grow(patterns);
        automaton.link(&ends);
        automaton
    }

    /// Makes a node of each beginning of a pattern, the short ones first. Gives for each node the pattern that ends
    /// there.
    fn grow<'p>(&mut self, patterns: &'p [Pattern]) -> Vec<Option<&'p Pattern>> {
        let mut ends = Vec::new();
        let mut begun = vec![patterns];
        let mut at = 0;
        while let Some(&with) = begun.get(at) {
            let depth = self.nodes[at].depth as usize;
            // Sorted: what ends here stands before what goes on.
            let (end, mut longer) = match with.split_first() {
                Some((first, rest)) if first.bytes.len() == depth => (Some(first), rest),
                _ => (None, with),
            };
            ends.push(end);
            let children = index(self.nodes.len());
            let node = &mut self.nodes[at];
            node.children = children;
            node.begins_any = longer.iter().any(|pattern| !pattern.word);
            node.begins_word = longer.iter().any(|pattern| pattern.word);
            while let Some(pattern) = longer.first() {
                let label = pattern.bytes[depth];
                let same = longer.partition_point(|other| other.bytes[depth] == label);
                let (child, rest) = longer.split_at(same);
                if at == 0 {
                    self.first[usize::from(label)] = State(index(self.nodes.len()));
                }
                let is_broken = self.nodes[at].is_broken || matches!(label, b'\r' | b'\n');
                self.nodes.push(Node { is_broken, ..Node::new(index(depth + 1)) });
                self.labels.push(label);
                begun.push(child);
                longer = rest;
            }
            at += 1;
        }
        // The last node's children end where a node after it would have its own.
        self.nodes.push(Node { children: index(self.nodes.len()), ..Node::new(0) });
        ends
    }

    /// Finds each node's longest shorter end, and what ends in it. Shorter nodes come first, so theirs are known.
    fn link(&mut self, ends: &[Option<&Pattern>]) {
        for parent in 0..ends.len() {
            let shorter = self.nodes[parent].shorter;
            for child in self.children(State(index(parent))) {
                let shorter = match parent {
                    0 => ROOT,
                    _ => self.step(shorter, self.labels[child]),
                };
                let Node { ending, word, .. } = self.nodes[shorter.index()];
                let node = &mut self.nodes[child];
                node.shorter = shorter;
                (node.ending, node.word) = match ends[child] {
                    Some(pattern) if pattern.word => (ending, State(index(child))),
                    Some(_) => (node.depth, word),
                    None => (ending, word),
                };
            }
        }
    }

    /// The state after one more byte.
    #[inline]
    pub(super) fn step(&self, mut state: State, byte: u8) -> State {
        while state != ROOT {
            let children = self.children(state);
            let start = children.start;
            if let Some(at) = self.labels[children].iter().position(|&label| label == byte) {
                return State(index(start + at));
            }
            state = self.nodes[state.index()].shorter;
        }
        self.first[usize::from(byte)]
    }

    /// The longest end of the text that a pattern begins with and that has no line break in it.
    pub(super) fn unbroken(&self, mut state: State) -> State {
        while self.nodes[state.index()].is_broken {
            state = self.nodes[state.index()].shorter;
        }
        state
    }

    /// How many bytes at the end of the text a pattern begins with.
    #[inline]
    pub(super) fn depth(&self, state: State) -> usize {
        self.nodes[state.index()].depth as usize
    }

    /// The length of the longest pattern that ends here and is masked everywhere; 0 for none.
    #[inline]
    pub(super) fn ending(&self, state: State) -> usize {
        self.nodes[state.index()].ending as usize
    }

    /// The lengths of the patterns that end here and are masked as words, longest first.
    #[inline]
    pub(super) fn words(&self, state: State) -> impl Iterator<Item = usize> {
        let mut word = self.nodes[state.index()].word;
        std::iter::from_fn(move || {
            let node = &self.nodes[word.index()];
            word = self.nodes[node.shorter.index()].word;
            (node.depth > 0).then_some(node.depth as usize)
        })
    }

    /// How many bytes at the end of the text can become a pattern. `word_may_start` tells whether a pattern that is
    /// masked as a word may start that many bytes before the end.
    pub(super) fn growing(&self, mut state: State, word_may_start: impl Fn(usize) -> bool) -> usize {
        loop {
            let node = &self.nodes[state.index()];
            let depth = node.depth as usize;
            if depth == 0 || node.begins_any || (node.begins_word && word_may_start(depth)) {
                return depth;
            }
            state = node.shorter;
        }
    }

    /// Length of the longest pattern, in bytes.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    #[inline]
    fn children(&self, state: State) -> std::ops::Range<usize> {
        let at = state.index();
        self.nodes[at].children as usize..self.nodes[at + 1].children as usize
    }
}

/// The labels wipe themselves; these are the first bytes of values.
impl Drop for Automaton {
    fn drop(&mut self) {
        self.first.iter_mut().for_each(|state| state.0.zeroize());
    }
}

impl State {
    #[inline]
    fn index(self) -> usize {
        self.0 as usize
    }
}

impl Node {
    fn new(depth: u32) -> Self {
        Self {
            children: 0,
            shorter: ROOT,
            depth,
            ending: 0,
            word: ROOT,
            begins_any: false,
            begins_word: false,
            is_broken: false,
        }
    }
}

#[inline]
fn index(at: usize) -> u32 {
    u32::try_from(at).expect("internal error: the values of a run have less than 4 GiB")
}
