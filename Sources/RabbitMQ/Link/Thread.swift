import CRabbitMQ
import Glibc

/// A detached named thread. Linux shows the first 15 bytes of its name.
enum Thread {
    /// librabbitmq 0.11 recurses once per level of a nested table; a frame holds some 26 000 of them. Address space only.
    private static let stackSize = 64 << 20

    private final class Start {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// - Returns: whether the system gave a thread.
    @discardableResult
    static func start(name: String, _ body: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        defer { pthread_attr_destroy(&attributes) }
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, stackSize)
        let start = Unmanaged.passRetained(Start(name: name, body: body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread,
            &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                crmq_name_thread(start.name)
                start.body()
                return nil
            },
            start.toOpaque()
        )
        if status != 0 { start.release() }
        return status == 0
    }
}
