internal import CCurl

/// One thread, one multi handle, its own connections. Transfers are values handed in; the caller suspends until the
/// thread has ended its transfer. Cancelling the caller's task aborts the transfer. Nothing is tried twice.
///
/// libcurl 7.88 blocks its thread while it waits for the answer to a mail's end of data and when it says QUIT, so SMTP
/// uses one loop per connection and HTTP shares none with it.
final class CurlLoop: Sendable {
    private static let isGloballyReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK

    private let mailbox: LoopMailbox

    /// - Parameters:
    ///   - name: the thread's name, its first 15 bytes.
    ///   - maxConnections: idle connections kept for reuse.
    ///   - maxConnectionsPerHost: at a time; 0 for any number.
    init(name: String, maxConnections: Int, maxConnectionsPerHost: Int = 0) {
        guard Self.isGloballyReady, let multi = curl_multi_init() else {
            mailbox = LoopMailbox(multi: nil)
            return
        }
        ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, maxConnections)
        ccurl_multi_set_long(multi, CURLMOPT_MAX_HOST_CONNECTIONS, maxConnectionsPerHost)
        // The peer's own limit holds where it is lower.
        ccurl_multi_set_long(multi, CURLMOPT_MAX_CONCURRENT_STREAMS, 1000)
        let handle = MultiHandle(pointer: multi)
        let mailbox = LoopMailbox(multi: handle)
        self.mailbox = mailbox
        let isRunning = NamedThread.start(name) {
            var driver = LoopDriver(multi: handle.pointer, mailbox: mailbox, maxIdleHandles: maxConnections)
            driver.run()
        }
        if !isRunning {
            _ = mailbox.close()
            curl_multi_cleanup(multi)
        }
    }

    deinit { mailbox.stop() }

    func run(_ plan: TransferPlan) async -> TransferResult {
        let cancellation = CancellationFlag()
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                mailbox.submit(.init(plan: plan, cancellation: cancellation, continuation: continuation))
            }
        } onCancel: {
            cancellation.set()
            mailbox.noteCancellation()
        }
    }

    /// Aborts what runs and refuses what comes. Returns at once; the thread ends by itself.
    func stop() { mailbox.stop() }
}
