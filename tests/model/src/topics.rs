//! Sets of topics.

/// Number of topics in every scenario.
pub(crate) const TOPICS: usize = 3;

/// A set of topics, each a number below three.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
pub(crate) struct Topics(u8);

/// The topic `a` alone.
pub(crate) const A: Topics = Topics(0b001);
/// The topic `b` alone.
pub(crate) const B: Topics = Topics(0b010);
/// Both `a` and `b`.
pub(crate) const AB: Topics = Topics(0b011);
/// The topic `c` alone.
pub(crate) const C: Topics = Topics(0b100);
/// All three.
pub(crate) const ABC: Topics = Topics(0b111);

impl Topics {
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..TOPICS).filter(move |topic| self.contains(*topic))
    }

    pub(crate) fn contains(self, topic: usize) -> bool {
        self.0 & (1 << topic) != 0
    }

    pub(crate) fn covers(self, other: Self) -> bool {
        self.and(other) == other
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The topics of the set for which `keep` returns `true`.
    pub(crate) fn only(self, keep: impl Fn(usize) -> bool) -> Self {
        Self(
            self.iter()
                .filter(|topic| keep(*topic))
                .fold(0, |bits, topic| bits | 1 << topic),
        )
    }

    /// The first topic of the set, as a set.
    pub(crate) fn first(self) -> Self {
        Self(self.0 & self.0.wrapping_neg())
    }
}
