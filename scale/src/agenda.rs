//! Queue of scheduled events, ordered by time.

/// Time of the simulation: milliseconds since it began.
pub type Millis = u32;

/// Scheduled events by the millisecond in which they are due; within a millisecond, in the order of their entry.
///
/// A timing wheel and not a heap: a million clients have millions of timers, and here an event costs two pushes onto
/// lists, however many there are.
#[derive(Debug)]
pub struct Agenda<E> {
    now: Millis,
    end: Millis,
    /// Number of events of the current millisecond that [`Iterator::next`] has returned.
    taken: usize,
    /// The current page: one list for each of its milliseconds.
    page: Vec<Vec<E>>,
    /// All pages by their number; those after the current one hold their events unsorted.
    later: Vec<Vec<(Millis, E)>>,
}

/// Length of a page, in milliseconds.
const PAGE: Millis = 4_096;

impl<E: Copy> Agenda<E> {
    /// An empty agenda, for events up to this time.
    pub fn until(end: Millis) -> Agenda<E> {
        let pages = end / PAGE + 1;
        Agenda {
            now: 0,
            end,
            taken: 0,
            page: (0..PAGE).map(|_| Vec::new()).collect(),
            later: (0..pages).map(|_| Vec::new()).collect(),
        }
    }

    /// The current time: that of the event that was taken last.
    pub fn now(&self) -> Millis {
        self.now
    }

    /// Schedules an event `delay` milliseconds from now. Events after the end of the simulation are dropped.
    pub fn after(&mut self, delay: Millis, event: E) {
        let at = self.now.saturating_add(delay);
        if at / PAGE == self.now / PAGE {
            self.page[(at % PAGE) as usize].push(event);
        } else if let Some(page) = self.later.get_mut((at / PAGE) as usize) {
            page.push((at, event));
        }
    }
}

/// Takes the next event; [`Agenda::now`] is then its time.
impl<E: Copy> Iterator for Agenda<E> {
    type Item = E;

    fn next(&mut self) -> Option<E> {
        loop {
            let due = &mut self.page[(self.now % PAGE) as usize];
            if let Some(event) = due.get(self.taken) {
                self.taken += 1;
                return Some(*event);
            }
            due.clear();
            self.taken = 0;
            let following = self.now + 1;
            if following > self.end {
                return None;
            }
            if following.is_multiple_of(PAGE) {
                let page = self.later.get_mut((following / PAGE) as usize)?;
                for (at, event) in std::mem::take(page) {
                    self.page[(at % PAGE) as usize].push(event);
                }
            }
            self.now = following;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_the_order_of_their_time_and_then_of_their_entry() {
        let mut agenda = Agenda::until(100_000);
        for (delay, event) in [(90_000, 'e'), (5, 'b'), (5_000, 'd'), (0, 'a'), (5, 'c')] {
            agenda.after(delay, event);
        }
        let mut came = Vec::new();
        while let Some(event) = agenda.next() {
            came.push((agenda.now(), event));
        }
        assert_eq!(came, [(0, 'a'), (5, 'b'), (5, 'c'), (5_000, 'd'), (90_000, 'e')]);
    }

    #[test]
    fn an_event_may_enter_others_for_the_same_moment_and_for_any_later() {
        let mut agenda = Agenda::until(20_000);
        agenda.after(4_095, 3);
        let mut came = Vec::new();
        while let Some(event) = agenda.next() {
            came.push((agenda.now(), event));
            if event > 0 {
                agenda.after(0, 0);
                agenda.after(1, event - 1);
                agenda.after(10_000, 0);
            }
        }
        assert_eq!(came[..3], [(4_095, 3), (4_095, 0), (4_096, 2)]);
        assert_eq!(came.len(), 1 + 3 + 3 + 3);
        assert!(came.is_sorted_by_key(|(at, _)| *at));
    }

    #[test]
    fn events_after_the_end_are_dropped() {
        let mut agenda = Agenda::until(PAGE);
        agenda.after(10 * PAGE, ());
        assert_eq!(agenda.next(), None);
    }
}
