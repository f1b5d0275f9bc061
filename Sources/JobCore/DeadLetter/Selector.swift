/// Which letters or waiting jobs a verb means: the one form of choosing, everywhere. All conditions must hold.
package struct Selector: Sendable, Equatable {
    /// Ids that one command takes; more are a sign that a group was meant.
    package static let maximumIDs = 1000

    package enum Moment: Sendable, Equatable {
        /// So long before now, by the store's clock.
        case ago(Duration)
        case at(Timestamp)
    }

    package var ids: [JobID] = []
    /// A dead-letter group's fingerprint.
    package var group: String?
    /// A queue's name, of all its lanes, or a lane's (`system.bulk`).
    package var queue: String?
    package var job: String?
    /// A failure's label.
    package var error: String?
    package var build: String?
    /// Died, or enqueued for a waiting job, at or after this moment.
    package var since: Moment?
    package var until: Moment?
    package var payload: [PayloadMatch] = []
    /// Everything, said on purpose.
    package var isAll = false
    /// At most this many; 0 for no limit.
    package var limit = 100
    /// Goes on after the entry that has this cursor.
    package var after: String?

    package init() {}

    /// True when nothing is chosen: a verb that changes something refuses this.
    package var choosesNothing: Bool {
        var chosen = self
        chosen.limit = 0
        chosen.after = nil
        return chosen == Selector.everythingUnsaid
    }

    private static let everythingUnsaid: Selector = {
        var selector = Selector()
        selector.limit = 0
        return selector
    }()

    var maximumCount: Int { limit == 0 ? .max : limit }
}
