//! Random choices read off a tape of bytes, so that proptest can shrink what was chosen.

/// The bytes that are left; past the end everything is the first choice.
pub(super) struct Tape<'a>(std::slice::Iter<'a, u8>);

impl<'a> Tape<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes.iter())
    }

    /// A number below `bound`.
    pub(super) fn pick(&mut self, bound: usize) -> usize {
        usize::from(self.0.next().copied().unwrap_or(0)) % bound
    }

    /// Yes or no.
    pub(super) fn chance(&mut self) -> bool {
        self.pick(2) == 1
    }

    /// One of several.
    pub(super) fn one_of<'b, T>(&mut self, choices: &'b [T]) -> &'b T {
        &choices[self.pick(choices.len())]
    }

    /// Some of several, each at most once.
    pub(super) fn some_of<T: Clone>(&mut self, choices: &[T]) -> Vec<T> {
        choices.iter().filter(|_| self.chance()).cloned().collect()
    }

    /// One of several or none.
    pub(super) fn maybe<T: Clone>(&mut self, choices: &[T]) -> Option<T> {
        self.chance().then(|| self.one_of(choices).clone())
    }
}
