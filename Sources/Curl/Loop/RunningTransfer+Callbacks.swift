internal import CCurl

extension RunningTransfer {
    func setCallbacks(_ options: inout EasyOptions) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        options.record(ccurl_set_pointer(options.easy, CURLOPT_ERRORBUFFER, errorText))
        options.record(ccurl_set_write(options.easy, CURLOPT_WRITEFUNCTION, onBody))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_WRITEDATA, context))
        options.record(ccurl_set_write(options.easy, CURLOPT_HEADERFUNCTION, onHeader))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_HEADERDATA, context))
        options.record(ccurl_set_read(options.easy, onRead))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_READDATA, context))
        options.record(ccurl_set_open_socket(options.easy, onOpenSocket))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_OPENSOCKETDATA, context))
        options.record(ccurl_set_progress(options.easy, onProgress))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_XFERINFODATA, context))
        options.set(CURLOPT_NOPROGRESS, 0)
        options.record(ccurl_set_debug(options.easy, onDebug))
        options.record(ccurl_set_pointer(options.easy, CURLOPT_DEBUGDATA, context))
    }
}

// The functions libcurl calls. Their context is the `RunningTransfer` itself, kept alive by the loop until the handle is
// reset. Counts come from libcurl, yet none is trusted.

private func transfer(_ context: UnsafeMutableRawPointer?) -> RunningTransfer? {
    context.map { Unmanaged<RunningTransfer>.fromOpaque($0).takeUnretainedValue() }
}

private func byteCount(_ size: Int, _ count: Int) -> Int? {
    let (bytes, overflow) = size.multipliedReportingOverflow(by: count)
    return overflow || bytes < 0 ? nil : bytes
}

private func onBody(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(context), let length = byteCount(size, count) else { return 0 }
    return transfer.receive(UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : length))
        ? length : ~length
}

private func onHeader(
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(context), let length = byteCount(size, count) else { return 0 }
    let line = UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : length)
    return transfer.receiveHeader(line) ? length : ~length
}

private func onRead(
    _ space: UnsafeMutablePointer<CChar>?,
    _ size: Int,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int {
    guard let transfer = transfer(context), let space, let length = byteCount(size, count) else {
        return Int(CURL_READFUNC_ABORT)
    }
    return transfer.send(into: UnsafeMutableRawBufferPointer(start: space, count: length))
}

private func onOpenSocket(
    _ context: UnsafeMutableRawPointer?,
    _ purpose: curlsocktype,
    _ address: UnsafeMutablePointer<curl_sockaddr>?
) -> curl_socket_t {
    guard let transfer = transfer(context), let address else { return curl_socket_t(-1) }
    return transfer.openSocket(address)
}

private func onProgress(
    _ context: UnsafeMutableRawPointer?,
    _: curl_off_t,
    _: curl_off_t,
    _: curl_off_t,
    _: curl_off_t
) -> Int32 {
    transfer(context)?.cancellation.isSet == true ? 1 : 0
}

private func onDebug(
    _: UnsafeMutableRawPointer?,
    _ kind: curl_infotype,
    _ bytes: UnsafeMutablePointer<CChar>?,
    _ count: Int,
    _ context: UnsafeMutableRawPointer?
) -> Int32 {
    transfer(context)?.follow(kind, UnsafeRawBufferPointer(start: bytes, count: bytes == nil ? 0 : max(0, count)))
    return 0
}
