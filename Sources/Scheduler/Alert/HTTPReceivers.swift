package import Curl
package import JobCore

/// What every receiver over HTTP does: one request, ten seconds, a status that says yes.
struct AlertPost: Sendable {
    let http: HTTPClient
    /// Never in a message: it may hold a secret.
    let url: String

    func send(_ body: [UInt8], to path: String = "", headers: HTTPHeaders = [:]) async throws(AlertDeliveryError) {
        var headers = headers
        headers["Content-Type"] = "application/json"
        let request = HTTPRequest("POST", url + path, headers: headers, body: body, timeout: .seconds(10))
        let response: HTTPResponse
        do throws(HTTPError) {
            response = try await http.send(request)
        } catch {
            throw AlertDeliveryError(error.label)
        }
        guard (200..<300).contains(response.status) else { throw AlertDeliveryError("status \(response.status)") }
    }
}

/// Alertmanager, API v2. It groups, silences and routes; a firing alert ends there by itself three minutes after the last
/// post.
package struct AlertmanagerReceiver: AlertReceiver {
    private static let validity: Duration = .seconds(180)

    package let isRefreshed = true
    private let post: AlertPost

    package init(url: String, http: HTTPClient) {
        post = AlertPost(http: http, url: url.hasSuffix("/") ? String(url.dropLast()) : url)
    }

    private struct Alert: Encodable {
        let labels: [String: String]
        let annotations: [String: String]
        let startsAt: String
        let endsAt: String
    }

    package func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError) {
        let body = alerts.map { record in
            let finding = record.finding
            let identity = [
                "alertname": finding.name.rawValue, "severity": finding.severity.rawValue, "platform": display,
            ]
            return Alert(
                labels: finding.labels.merging(identity) { $1 },
                annotations: [
                    "summary": finding.summary, "cause": finding.cause, "command": finding.command,
                    "runbook": finding.runbook,
                ],
                startsAt: record.since.description,
                endsAt: (record.resolvedAt ?? Timestamp.now().advanced(by: AlertmanagerReceiver.validity)).description
            )
        }
        try await post.send(try AlertJSON.bytes(body, snakeCase: false), to: "/api/v2/alerts")
    }
}

/// A Slack incoming webhook.
package struct SlackReceiver: AlertReceiver {
    package let isRefreshed = false
    private let post: AlertPost

    package init(url: String, http: HTTPClient) {
        post = AlertPost(http: http, url: url)
    }

    package func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError) {
        for record in alerts {
            let text = "*\(SlackReceiver.escaped(record.headline))*\n\(SlackReceiver.escaped(record.text))\n\(display)"
            try await post.send(try AlertJSON.bytes(["text": text]))
        }
    }

    /// The three characters that Slack's markup gives a meaning.
    private static func escaped(_ text: String) -> String {
        text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
    }
}

/// PagerDuty Events API v2. The dedup key is the alert's own, so that a repeat joins its incident.
package struct PagerDutyReceiver: AlertReceiver {
    package static let address = "https://events.pagerduty.com"

    package let isRefreshed = false
    private let post: AlertPost
    private let key: String

    package init(key: String, http: HTTPClient, address: String = address) {
        self.key = key
        post = AlertPost(http: http, url: address)
    }

    private struct Event: Encodable {
        struct Payload: Encodable {
            let summary: String
            let source: String
            let severity: String
            let timestamp: String
            let customDetails: [String: String]
        }

        let routingKey: String
        let eventAction: String
        let dedupKey: String
        let payload: Payload
    }

    package func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError) {
        for record in alerts {
            let finding = record.finding
            let action = !record.isFiring ? "resolve" : record.ackedAt == nil ? "trigger" : "acknowledge"
            let event = Event(
                routingKey: key,
                eventAction: action,
                // At most 255 characters by the API.
                dedupKey: String("\(display)|\(finding.key)".suffix(255)),
                payload: Event.Payload(
                    summary: String(record.headline.prefix(1024)),
                    source: display,
                    severity: finding.severity == .critical ? "critical" : "warning",
                    timestamp: record.since.description,
                    customDetails: [
                        "cause": finding.cause, "command": finding.command, "runbook": finding.runbook,
                    ].merging(finding.labels) { $1 }
                )
            )
            try await post.send(try AlertJSON.bytes(event), to: "/v2/enqueue")
        }
    }
}

/// Any address that takes JSON; the keys are those of `jobctl alert list --json`.
package struct WebhookReceiver: AlertReceiver {
    package let isRefreshed = false
    private let post: AlertPost

    package init(url: String, http: HTTPClient) {
        post = AlertPost(http: http, url: url)
    }

    private struct Message: Encodable {
        struct Alert: Encodable {
            let key: String
            let name: String
            let labels: [String: String]
            let severity: String
            let state: String
            let summary: String
            let cause: String
            let command: String
            let runbook: String
            let since: String
            let resolvedAt: String?
        }

        let platform: String
        let alerts: [Alert]
    }

    package func tell(_ alerts: [AlertRecord], display: String) async throws(AlertDeliveryError) {
        let message = Message(
            platform: display,
            alerts: alerts.map { record in
                Message.Alert(
                    key: record.finding.key,
                    name: record.finding.name.rawValue,
                    labels: record.finding.labels,
                    severity: record.finding.severity.rawValue,
                    state: record.isFiring ? "firing" : "resolved",
                    summary: record.finding.summary,
                    cause: record.finding.cause,
                    command: record.finding.command,
                    runbook: record.finding.runbook,
                    since: record.since.description,
                    resolvedAt: record.resolvedAt?.description
                )
            }
        )
        try await post.send(try AlertJSON.bytes(message))
    }
}
