/// Which run of an attempt, as the store knows it. Every write of a run is fenced by it: one that was stopped or cut off
/// while the job was handed out again, to whomever, finds its token overtaken.
package struct RunToken: Sendable, Hashable {
    package let key: AttemptKey
    /// 0 when the job was handed out for the first time; one more with each time it was handed out again.
    package let generation: Int

    package init(key: AttemptKey, generation: Int) {
        self.key = key
        self.generation = generation
    }
}
