internal import CCurl

extension RunningTransfer {
    /// Sets every option of a handle that was just created or reset. The first option libcurl refuses ends the transfer.
    func configure(_ easy: UnsafeMutableRawPointer) -> CURLcode {
        var options = EasyOptions(easy)
        options.set(CURLOPT_URL, plan.url)
        options.set(CURLOPT_NOSIGNAL, 1)
        options.set(CURLOPT_PROXY, "")  // a proxy named in the environment would hide the real address
        options.set(CURLOPT_FOLLOWLOCATION, 0)
        options.set(CURLOPT_UNRESTRICTED_AUTH, 0)
        options.set(CURLOPT_QUICK_EXIT, 1)  // do not wait for a resolver thread when a transfer is cancelled
        options.set(CURLOPT_TIMEOUT_MS, plan.timeouts.total.curlMilliseconds)
        options.set(CURLOPT_CONNECTTIMEOUT_MS, plan.timeouts.connect.curlMilliseconds)
        if let stalled = plan.timeouts.stalled {
            options.set(CURLOPT_LOW_SPEED_LIMIT, 1)
            options.set(CURLOPT_LOW_SPEED_TIME, max(1, stalled.curlMilliseconds / 1000))
        }
        options.set(CURLOPT_TCP_KEEPALIVE, 1)
        options.set(CURLOPT_FRESH_CONNECT, plan.needsNewConnection ? 1 : 0)
        options.set(CURLOPT_SSLVERSION, Int(CURL_SSLVERSION_TLSv1_2))
        options.set(CURLOPT_SSL_VERIFYPEER, plan.tls.isOn ? 1 : 0)
        options.set(CURLOPT_SSL_VERIFYHOST, plan.tls.isOn ? 2 : 0)
        if let caFile = plan.tls.caFile { options.set(CURLOPT_CAINFO, caFile) }
        if let credentials = plan.credentials {
            options.set(CURLOPT_USERNAME, credentials.username)
            options.set(CURLOPT_PASSWORD, credentials.password)
        }
        setCallbacks(&options)
        switch plan.exchange {
        case .http(let method, let headers, let version):
            setHTTP(&options, method: method, headers: headers, version: version)
        case .smtp(let from, let recipients, let useTLS):
            setSMTP(&options, from: from, recipients: recipients, useTLS: useTLS)
        }
        return options.failure
    }

    private func setHTTP(
        _ options: inout EasyOptions,
        method: String,
        headers: [String],
        version: HTTPVersionPreference
    ) {
        options.setProtocols("http,https")
        options.set(CURLOPT_MAXFILESIZE_LARGE, offset: plan.maxResponseBytes)
        switch version {
        case .http1: options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        case .http2:
            options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2TLS))
            // In the clear there is nothing to wait for: only TLS negotiates HTTP/2.
            options.set(CURLOPT_PIPEWAIT, plan.url.prefix(6).lowercased() == "https:" ? 1 : 0)
        case .http2Only:
            options.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE))
            options.set(CURLOPT_PIPEWAIT, 1)
        }
        var lines = headers + ["Expect:"]
        if method == "HEAD" {
            options.set(CURLOPT_NOBODY, 1)
        } else if plan.body.isEmpty, ["GET", "DELETE", "OPTIONS"].contains(method) {
            options.set(CURLOPT_HTTPGET, 1)
            options.set(CURLOPT_CUSTOMREQUEST, method)
        } else {
            // The body goes through the read function without a way to rewind, so libcurl cannot send it a second time
            // when a reused connection dies: it reports the loss, and the job layer decides.
            options.set(CURLOPT_POST, 1)
            options.set(CURLOPT_POSTFIELDSIZE_LARGE, offset: plan.body.count)
            options.set(CURLOPT_CUSTOMREQUEST, method)
            if !headers.contains(where: { $0.lowercased().hasPrefix("content-type:") }) {
                lines.append("Content-Type:")
            }
        }
        set(&options, CURLOPT_HTTPHEADER, lines)
    }

    private func setSMTP(_ options: inout EasyOptions, from: String, recipients: [String], useTLS: Bool) {
        options.setProtocols("smtp,smtps")
        options.set(CURLOPT_USE_SSL, Int((useTLS ? CURLUSESSL_ALL : CURLUSESSL_NONE).rawValue))
        options.set(CURLOPT_MAXAGE_CONN, 60)
        options.set(CURLOPT_SERVER_RESPONSE_TIMEOUT, max(1, (plan.timeouts.total.curlMilliseconds + 999) / 1000))
        options.set(CURLOPT_UPLOAD, 1)
        options.set(CURLOPT_INFILESIZE_LARGE, offset: plan.body.count)
        options.set(CURLOPT_MAIL_FROM, from)
        options.set(CURLOPT_MAIL_RCPT_ALLLOWFAILS, recipients.count > 1 ? 1 : 0)
        options.set(CURLOPT_VERBOSE, 1)  // the debug function tells how far the dialogue got
        set(&options, CURLOPT_MAIL_RCPT, recipients)
    }

    private func set(_ options: inout EasyOptions, _ option: CURLoption, _ lines: [String]) {
        var list: UnsafeMutablePointer<curl_slist>?
        for line in lines {
            guard let longer = curl_slist_append(list, line) else {
                if let list { curl_slist_free_all(list) }
                options.fail(CURLE_OUT_OF_MEMORY)
                return
            }
            list = longer
        }
        guard let list else { return }
        lists.append(list)
        options.set(option, list)
    }
}
