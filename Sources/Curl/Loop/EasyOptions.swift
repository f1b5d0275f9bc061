internal import CCurl

/// Sets options on one easy handle and remembers the first that was refused.
struct EasyOptions {
    let easy: UnsafeMutableRawPointer
    private(set) var failure = CURLE_OK

    init(_ easy: UnsafeMutableRawPointer) { self.easy = easy }

    mutating func set(_ option: CURLoption, _ value: Int) { record(ccurl_set_long(easy, option, value)) }

    mutating func set(_ option: CURLoption, _ value: String) { record(ccurl_set_string(easy, option, value)) }

    mutating func set(_ option: CURLoption, offset value: Int) {
        record(ccurl_set_offset(easy, option, curl_off_t(value)))
    }

    mutating func set(_ option: CURLoption, _ list: UnsafeMutablePointer<curl_slist>) {
        record(ccurl_set_list(easy, option, list))
    }

    mutating func setProtocols(_ names: String) {
        set(CURLOPT_PROTOCOLS_STR, names)
        set(CURLOPT_REDIR_PROTOCOLS_STR, names)
    }

    mutating func record(_ code: CURLcode) {
        if failure == CURLE_OK { failure = code }
    }

    mutating func fail(_ code: CURLcode) { record(code) }
}
