import JobCore

/// Enqueues a file of jobs: batch by batch, each confirmed as a whole, ids printed in the order of the lines.
struct EnqueueLines {
    /// Jobs published at once, and bytes of payload held for them.
    private static let batchJobs = 1000
    private static let batchBytes = 16 << 20
    /// A line's other members are small.
    private static let maximumLineBytes = PayloadLimits.maximumBytes + 4096

    let enqueuer: Enqueuer
    let defaults: EnqueueDefaults
    let asJSON: Bool

    private struct Batch {
        var entries: [(line: Int, request: Result<EnqueueRequest, CommandFailure>)] = []
        var bytes = 0
    }

    private struct Tally {
        var failed = 0
        var retryable = 0
    }

    /// Exits 4 when trying again mends everything that failed, 1 when something needs a person.
    func run(_ file: InputFile, _ context: CommandContext) async throws {
        var lines = file.lines(maximumBytes: EnqueueLines.maximumLineBytes)
        var batch = Batch()
        var tally = Tally()
        while let line = try await lines.next() {
            if line.bytes.allSatisfy({ $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }), !line.isTooLong {
                continue
            }
            batch.entries.append((line.number, request(of: line)))
            batch.bytes += line.bytes.count
            if batch.entries.count == EnqueueLines.batchJobs || batch.bytes >= EnqueueLines.batchBytes {
                await send(batch, context, &tally)
                batch = Batch()
            }
        }
        await send(batch, context, &tally)
        guard tally.failed > 0 else { return }
        throw ExitRequest(tally.retryable == tally.failed ? .tryLater : .failed)
    }

    private func request(of line: LineReader.Line) -> Result<EnqueueRequest, CommandFailure> {
        Result { () throws(CommandFailure) in
            guard !line.isTooLong else {
                let message = "the line has more than \(EnqueueLines.maximumLineBytes) bytes"
                throw CommandFailure(.failed, "malformed_too_large", message, remedy: "mend the line")
            }
            do throws(EnqueueLine.Fault) {
                return try EnqueueLine(line.bytes).request(defaults)
            } catch {
                throw CommandFailure(.failed, error.label, error.message, remedy: "mend the line")
            }
        }
    }

    private func send(_ batch: Batch, _ context: CommandContext, _ tally: inout Tally) async {
        let requests = batch.entries.compactMap { try? $0.request.get() }
        var results = await enqueuer.enqueue(requests).makeIterator()
        for entry in batch.entries {
            let result: Result<Enqueued, CommandFailure>
            switch entry.request {
            case .failure(let failure): result = .failure(failure)
            case .success: result = results.next() ?? .failure(CommandFailure(.failed, "failed", "no answer"))
            }
            switch result {
            case .success(let job): context.output.print(EnqueueAnswer.line(job, asJSON: asJSON))
            case .failure(let failure):
                tally.failed += 1
                if failure.isRetryable { tally.retryable += 1 }
                context.output.report(failure.at(line: entry.line), asJSON: asJSON)
            }
        }
    }
}

extension CommandFailure {
    fileprivate func at(line: Int) -> CommandFailure {
        CommandFailure(status, label, "line \(line): \(message)", remedy: remedy, retryAfter: retryAfter)
    }
}
