#include "viewer/base/Result.h"

namespace spotglass {

std::string Error::sentence() const {
    std::string text = where.empty() ? what : where + ": " + what;
    for (char& c : text) // a file may be called anything, but a sentence is one line
        if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
    if (!text.empty() && text.back() != '.') text += '.';
    if (!hint.empty()) {
        text += ' ' + hint;
        if (text.back() != '.') text += '.';
    }
    return text;
}

int Error::exitCode() const {
    switch (kind) {
    case ErrorKind::Usage:
        return 2;
    case ErrorKind::BadInput:
        return 3;
    case ErrorKind::Device:
        return 4;
    case ErrorKind::Cancelled:
        return 5;
    case ErrorKind::Defect:
        break;
    }
    return 1;
}

Failure fail(ErrorKind kind, std::string what, std::string where, std::string hint) {
    return Failure(Error{kind, std::move(what), std::move(where), std::move(hint)});
}

Failure badInput(std::string what, std::string where, std::string hint) {
    return fail(ErrorKind::BadInput, std::move(what), std::move(where), std::move(hint));
}

Failure cancelled() {
    return fail(ErrorKind::Cancelled, "cancelled");
}

} // namespace spotglass
