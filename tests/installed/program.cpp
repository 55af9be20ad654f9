// A user's first C++ program, built against the installed library only.
#include <iostream>
#include <portolan.hpp>
#include <string>

int main() {
    portolan::map<std::string, std::string> works;
    works.store("Ptolemy", "Geographia");
    auto work = works.load("Ptolemy");
    if (!work || *work != "Geographia")
        return 1;
    std::cout << "Portolan " << ptl_version() << " from C++\n";
    return 0;
}
