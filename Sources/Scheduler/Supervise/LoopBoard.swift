package import JobCore
package import Logging
import ServiceLifecycle
import Synchronization

/// What the loops of this process last said of themselves; written to the store every five seconds, so that
/// `jobctl doctor` can show who runs and leads what.
package final class LoopBoard: Service {
    package static let period: Duration = .seconds(5)
    /// A loop that has said nothing for this long has stopped, or its process has.
    package static let silence: Duration = .seconds(20)

    private let store: Store
    private let process: String
    private let logger: Logger
    private let signs = Mutex<[String: LoopSign]>([:])

    package init(store: Store, process: String, logger: Logger) {
        self.store = store
        self.process = process
        self.logger = logger
    }

    /// For one loop to sign with.
    package func mark(_ name: String) -> LoopMark {
        signs.withLock { $0[name] = LoopSign() }
        return LoopMark { [weak self] turn in self?.note(turn, name) }
    }

    private func note(_ turn: LoopMark.Turn, _ name: String) {
        signs.withLock { signs in
            switch turn {
            case .good(let leads):
                signs[name, default: LoopSign()].leads = leads
                signs[name, default: LoopSign()].worked = .now
                signs[name, default: LoopSign()].error = nil
            case .bad(let error):
                signs[name, default: LoopSign()].error = error
            }
        }
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.write()
                try? await Task.sleep(for: LoopBoard.period)
            }
        }
        // Outside the cancelled part: a farewell is to arrive.
        try? await store.forgetLoops(of: process)
    }

    private func write() async {
        do throws(StoreError) {
            try await store.sign(signs.withLock { $0 }, process: process)
        } catch {
            logger.debug("the loops' signs wait for the store", metadata: [LogKey.error: "\(error.label)"])
        }
    }
}

/// A loop's hand on the board.
package struct LoopMark: Sendable {
    enum Turn: Sendable {
        case good(leads: Bool)
        case bad(String)
    }

    private let note: @Sendable (Turn) -> Void

    init(_ note: @escaping @Sendable (Turn) -> Void) {
        self.note = note
    }

    /// Where nobody looks.
    package static let none = LoopMark { _ in }

    package func turned(leads: Bool = false) { note(.good(leads: leads)) }
    package func failed(_ error: String) { note(.bad(error)) }
}
