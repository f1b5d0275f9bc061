/// The metadata keys of the platform's log lines, in one place so that one search finds them all.
package enum LogKey {
    package static let job = "job_id"
    package static let name = "job"
    package static let attempt = "attempt"
    package static let queue = "queue"
    package static let count = "count"
    package static let error = "error"
    package static let message = "message"
    package static let worker = "worker"
    package static let operation = "operation"
    package static let pid = "pid"
    package static let digest = "sha256"
    package static let seconds = "seconds"
}
