package sys

// groupAt is where the group begins behind the index: there is no padding
// (#pragma pack(4) in netinet/in.h).
const groupAt = 4
