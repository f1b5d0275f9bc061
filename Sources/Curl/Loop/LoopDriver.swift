internal import CCurl

/// Drives one multi handle. Everything here happens on the loop's own thread.
struct LoopDriver {
    private let multi: UnsafeMutableRawPointer
    private let mailbox: LoopMailbox
    private let maxIdleHandles: Int
    private var idle: [UnsafeMutableRawPointer] = []
    private var running: [UnsafeMutableRawPointer: RunningTransfer] = [:]
    private let clock = ContinuousClock()
    private var nextSweep: ContinuousClock.Instant

    init(multi: UnsafeMutableRawPointer, mailbox: LoopMailbox, maxIdleHandles: Int) {
        self.multi = multi
        self.mailbox = mailbox
        self.maxIdleHandles = maxIdleHandles
        nextSweep = clock.now
    }

    /// Returns when the mailbox was told to stop and every transfer has been answered.
    mutating func run() {
        while true {
            let intake = mailbox.collect()
            for submission in intake.submissions { start(submission) }
            if intake.isStopping { break }
            turn()
            if intake.hasCancellation || clock.now >= nextSweep { sweep() }
            var ready: Int32 = 0
            curl_multi_poll(multi, nil, 0, running.isEmpty ? 60_000 : 250, &ready)
        }
        stop()
    }

    private mutating func start(_ submission: LoopMailbox.Submission) {
        let transfer = RunningTransfer(
            submission.plan,
            cancellation: submission.cancellation,
            now: clock.now,
            finish: { submission.continuation.resume(returning: $0) }
        )
        guard let easy = idle.popLast() ?? curl_easy_init() else {
            transfer.finish(TransferResult(failure: .fault(code: Int(CURLE_OUT_OF_MEMORY.rawValue))))
            return
        }
        let refusal = transfer.configure(easy)
        guard refusal == CURLE_OK else {
            retire(easy)
            transfer.finish(TransferResult(failure: .fault(code: Int(refusal.rawValue))))
            return
        }
        running[easy] = transfer
        let added = curl_multi_add_handle(multi, easy)
        if added != CURLM_OK {
            running[easy] = nil
            retire(easy)
            transfer.finish(TransferResult(failure: .fault(code: Int(added.rawValue))))
        }
    }

    private mutating func turn() {
        var stillRunning: Int32 = 0
        let code = curl_multi_perform(multi, &stillRunning)
        var result = CURLE_OK
        while let easy = ccurl_next_finished(multi, &result) { finish(easy, result) }
        guard code != CURLM_OK else { return }
        // The handle itself is broken (out of memory): nothing on it will end by itself.
        for easy in Array(running.keys) {
            ccurl_set_long(easy, CURLOPT_UPLOAD, 0)  // keeps libcurl from completing a mail cut short
            finish(easy, CURLE_OUT_OF_MEMORY)
        }
    }

    /// libcurl does not look at transfers that wait for a connection of their host: their cancellations and deadlines are
    /// looked after here. An SMTP transfer must never be removed half-way, libcurl would then *complete* the truncated
    /// mail; it is alone on its loop, never waits, and ends through its own timeout and the progress function.
    private mutating func sweep() {
        let now = clock.now
        nextSweep = now + .milliseconds(250)
        for (easy, transfer) in running where !transfer.plan.isSMTP {
            if transfer.cancellation.isSet {
                finish(easy, CURLE_ABORTED_BY_CALLBACK)
            } else if now > transfer.deadline + .milliseconds(250) {
                finish(easy, CURLE_OPERATION_TIMEDOUT)
            }
        }
    }

    private mutating func finish(_ easy: UnsafeMutableRawPointer, _ code: CURLcode) {
        guard let transfer = running.removeValue(forKey: easy) else { return }
        let result = transfer.conclude(code, easy: easy)
        curl_multi_remove_handle(multi, easy)
        retire(easy)
        transfer.finish(result)
    }

    /// A reset handle keeps its TLS sessions, so it is used again while there is room.
    private mutating func retire(_ easy: UnsafeMutableRawPointer) {
        curl_easy_reset(easy)
        if idle.count < maxIdleHandles {
            idle.append(easy)
        } else {
            curl_easy_cleanup(easy)
        }
    }

    private mutating func stop() {
        for transfer in running.values { transfer.cancellation.set() }
        turn()
        sweep()
        while !running.isEmpty {
            turn()
            curl_multi_poll(multi, nil, 0, 50, nil)
        }
        for submission in mailbox.close() {
            submission.continuation.resume(returning: TransferResult(failure: .closed))
        }
        for easy in idle { curl_easy_cleanup(easy) }
        curl_multi_cleanup(multi)
    }
}
