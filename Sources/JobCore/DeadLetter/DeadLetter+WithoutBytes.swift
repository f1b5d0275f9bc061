extension DeadLetter {
    /// The least that can be stored of a letter whose bytes the database refuses.
    func withoutBytes(_ refusal: StoreError) -> DeadLetter {
        var letter = self
        letter.payload = []
        letter.headers = [:]
        letter.job = JobName.isValid(job) ? job : "unknown.job"
        letter.failure = Failure(failure.label, "the store refused this letter's bytes (\(refusal.label))")
        letter.oversize = oversize ?? Delivery.Oversize(length: Int64(payload.count), sha256: "")
        return letter
    }
}
