file(READ "${INPUT}" number)
string(STRIP "${number}" number)
file(WRITE d4_header.h "inline int d4_header() { return ${number} * 1; }\n")
