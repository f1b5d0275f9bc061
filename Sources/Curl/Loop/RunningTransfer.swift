internal import CCurl
import Glibc

/// A transfer under way. Lives on its loop's thread: libcurl calls the functions below from there alone.
final class RunningTransfer {
    let plan: TransferPlan
    let cancellation: CancellationFlag
    let finish: (TransferResult) -> Void
    /// Freed after the transfer, because libcurl does not copy lists.
    var lists: [UnsafeMutablePointer<curl_slist>] = []
    var result = TransferResult()
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    let deadline: ContinuousClock.Instant

    private var bodyOffset = 0
    private var refusedSockets = 0
    private var openedSockets = 0

    init(
        _ plan: TransferPlan,
        cancellation: CancellationFlag,
        now: ContinuousClock.Instant,
        finish: @escaping (TransferResult) -> Void
    ) {
        self.plan = plan
        self.cancellation = cancellation
        self.finish = finish
        deadline = now + plan.timeouts.total
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        if plan.isSMTP { result.dialogue = SMTPDialogue(bodyBytes: plan.body.count) }
    }

    deinit {
        for list in lists { curl_slist_free_all(list) }
        errorText.deallocate()
    }

    /// Reads off `easy` what the caller wants to know. Called once, before the handle is used for something else.
    func conclude(_ code: CURLcode, easy: UnsafeMutableRawPointer) -> TransferResult {
        result.failure = TransferFailure(code)
        if result.failure == .connect, refusedSockets > 0, openedSockets == 0 { result.failure = .refusedAddress }
        result.detail = String(
            decoding: UnsafeBufferPointer(start: errorText, count: strlen(errorText)).map(UInt8.init(bitPattern:)),
            as: UTF8.self
        )
        var number = 0
        if ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &number) == CURLE_OK { result.status = number }
        if ccurl_get_long(easy, CURLINFO_HTTP_VERSION, &number) == CURLE_OK {
            result.httpMajorVersion = number >= Int(CURL_HTTP_VERSION_2_0) ? 2 : 1
        }
        if ccurl_get_long(easy, CURLINFO_NUM_CONNECTS, &number) == CURLE_OK { result.openedConnection = number > 0 }
        var pretransfer: curl_off_t = 0
        if ccurl_get_offset(easy, CURLINFO_PRETRANSFER_TIME_T, &pretransfer) == CURLE_OK {
            result.reachedPeer = pretransfer > 0
        }
        return result
    }

    /// False when the response is larger than the plan allows, which ends the transfer.
    func receive(_ bytes: UnsafeRawBufferPointer) -> Bool {
        // What a mail server says comes through `follow`; a body from it means nothing.
        if plan.isSMTP { return true }
        guard bytes.count <= plan.maxResponseBytes - result.body.count else { return false }
        result.body.append(contentsOf: bytes)
        return true
    }

    func receiveHeader(_ bytes: UnsafeRawBufferPointer) -> Bool {
        plan.isSMTP || result.head.append(line: bytes)
    }

    func send(into space: UnsafeMutableRawBufferPointer) -> Int {
        if cancellation.isSet { return Int(CURL_READFUNC_ABORT) }
        let count = min(space.count, plan.body.count - bodyOffset)
        guard count > 0 else { return 0 }
        plan.body.withUnsafeBytes {
            space.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[bodyOffset..<bodyOffset + count]))
        }
        bodyOffset += count
        return count
    }

    func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
        let bytes = UnsafeRawBufferPointer(start: ccurl_socket_address(address), count: Int(address.pointee.addrlen))
        guard plan.addresses.permits(socketAddress: bytes) else {
            refusedSockets += 1
            return curl_socket_t(-1)
        }
        openedSockets += 1
        return ccurl_open_socket(address)
    }

    func follow(_ kind: curl_infotype, _ bytes: UnsafeRawBufferPointer) {
        switch kind {
        case CURLINFO_HEADER_OUT: result.dialogue?.sent(bytes)
        case CURLINFO_HEADER_IN: result.dialogue?.received(bytes)
        case CURLINFO_DATA_OUT: result.dialogue?.sentBody(bytes.count)
        default: break
        }
    }
}
