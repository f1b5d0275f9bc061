import Foundation
import Synchronization

/// The operator's terminal while the live view has it: without echo, on a screen of its own, and given back as it was.
final class WatchTerminal: Sendable {
    private let saved: termios
    private let isStyled: Bool
    private let isOpen = Mutex(true)

    /// Nil where standard input or output is no terminal.
    init?(isStyled: Bool) {
        guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1 else { return nil }
        var settings = termios()
        guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return nil }
        saved = settings
        self.isStyled = isStyled
        // Keys come one by one and are not shown; Ctrl-C stays a signal.
        settings.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings) == 0 else { return nil }
        // The other screen, without cursor.
        WatchTerminal.put("\u{1B}[?1049h\u{1B}[?25l")
    }

    /// May be called more than once.
    func giveBack() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            WatchTerminal.put("\u{1B}[?25h\u{1B}[?1049l")
            var settings = saved
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        }
    }

    var size: (width: Int, height: Int) {
        var size = winsize()
        guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else {
            return (80, 24)
        }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    func draw(_ lines: [WatchLine]) {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            var text = "\u{1B}[H"
            for (index, line) in lines.enumerated() {
                let code: String? =
                    switch line.style {
                    case .plain: nil
                    case .heading: "1"
                    case .chosen: "7"
                    case .bad: "31"
                    case .faint: "2"
                    }
                if let code, isStyled || line.style == .chosen { text += "\u{1B}[\(code)m" }
                text += line.text
                if code != nil { text += "\u{1B}[0m" }
                text += "\u{1B}[K"
                if index < lines.count - 1 { text += "\r\n" }
            }
            WatchTerminal.put(text + "\u{1B}[J")
        }
    }

    private static func put(_ text: String) {
        try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
    }

    /// Keys as they are pressed; ends with the input.
    func keys() -> AsyncStream<WatchKey> {
        AsyncStream { continuation in
            let thread = Thread {
                var buffer = [UInt8](repeating: 0, count: 16)
                while true {
                    let count = read(STDIN_FILENO, &buffer, buffer.count)
                    guard count > 0 else { return continuation.finish() }
                    continuation.yield(WatchTerminal.key(Array(buffer.prefix(count))))
                }
            }
            thread.name = "jobctl-keys"
            thread.start()
        }
    }

    static func key(_ bytes: [UInt8]) -> WatchKey {
        switch bytes {
        case [0x1B, 0x5B, 0x41], [0x1B, 0x4F, 0x41], Array("k".utf8): .up
        case [0x1B, 0x5B, 0x42], [0x1B, 0x4F, 0x42], Array("j".utf8): .down
        case [0x0D], [0x0A]: .enter
        case [0x1B], [0x7F], Array("b".utf8): .back
        case Array("q".utf8): .end
        default: .other
        }
    }
}
